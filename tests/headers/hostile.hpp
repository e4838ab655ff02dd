// SPDX-License-Identifier: Apache-2.0
// Macros that other people's headers define. A header of akin that uses one of these names breaks in those people's programs.
// Everything akin includes from outside comes first: those headers are not under test.
#pragma once

#include <bits/stdc++.h>
#include <immintrin.h>


#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if __has_include(<zlib.h>)
#include <zlib.h>
#endif
#if __has_include(<sentencepiece_processor.h>)
#include <sentencepiece_processor.h>
#endif
#if __has_include(<png.h>)
#include <png.h>
#endif
#if __has_include(<jpeglib.h>)
#include <jpeglib.h>
#endif
#if __has_include(<webp/demux.h>)
#include <webp/demux.h>
#endif

#undef major
#undef minor
#undef makedev
#undef I

// An object-like macro breaks every use of its name, a function-like one every use that looks like a call of two arguments or one.
#define I ?!          // <complex.h>
#define B0 ?!         // <termios.h>
#define B1 ?!         // Arduino
#define T1 ?!
#define N ?!
#define small ?!      // <windows.h>, as all to the next blank line
#define near ?!
#define far ?!
#define interface ?!
#define IN ?!
#define OUT ?!
#define ERROR ?!
#undef TRUE
#define TRUE ?!
#undef FALSE
#define FALSE ?!
#define DELETE ?!
#define VOID ?!
#define STRICT ?!

#define signals ?!    // Qt
#define slots ?!
#define emit ?!
#define foreach ?!
#define linux ?!      // gcc without -std=c++20, as unix
#define unix ?!
#define Success ?!    // X11, as all to the next blank line
#define None ?!
#define Bool ?!
#define Status ?!
#define Always ?!

#define major(a) ?!   // <sys/sysmacros.h>
#define minor(a) ?!
#define makedev(a, b) ?!
#define CHECK(a) ?!   // doctest, Catch, glog, Torch
#define REQUIRE(a) ?!
#define LOG(a) ?!
#define ASSERT(a) ?!
#define DEBUG(a) ?!
#define check(a) ?!   // macOS
#define verify(a) ?!

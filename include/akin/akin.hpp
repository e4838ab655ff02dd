// SPDX-License-Identifier: Apache-2.0
// The core: expressions, the graph, backends, losses. It needs the standard library only; layers are in nn/.
#pragma once

#include <akin/expr/elementwise.hpp>  // first and by itself, so that its messages list few headers

#if !defined(__CUDACC__)  // the vectors of GNU C++ in it are not for nvcc
#include <akin/backend/cpu/cpu.hpp>
#endif
#include <akin/backend/reference/reference.hpp>
#include <akin/expr/dropout.hpp>
#include <akin/graph/program.hpp>
#include <akin/loss/alignment.hpp>
#include <akin/loss/cross_entropy.hpp>
#include <akin/loss/debiased.hpp>
#include <akin/loss/decoupled.hpp>
#include <akin/loss/distillation.hpp>
#include <akin/loss/hardest.hpp>
#include <akin/loss/hinge.hpp>
#include <akin/loss/info_nce.hpp>
#include <akin/loss/label_smoothing.hpp>
#include <akin/loss/margins.hpp>
#include <akin/loss/n_pair.hpp>
#include <akin/loss/nt_xent.hpp>
#include <akin/loss/siglip.hpp>
#include <akin/loss/similarity.hpp>
#include <akin/loss/supervised.hpp>
#include <akin/loss/triplet.hpp>
#include <akin/loss/uniformity.hpp>

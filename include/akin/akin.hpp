// SPDX-License-Identifier: Apache-2.0
// The core: expressions, the graph, backends, losses. It needs the standard library only; layers are in nn/.
#pragma once

#include <akin/expr/elementwise.hpp>  // first and by itself, so that its messages list few headers

#include <akin/backend/cpu/cpu.hpp>
#include <akin/backend/reference/reference.hpp>
#include <akin/expr/dropout.hpp>
#include <akin/graph/program.hpp>
#include <akin/loss/cross_entropy.hpp>
#include <akin/loss/similarity.hpp>

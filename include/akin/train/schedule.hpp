// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: a number from a step's number, with no state.
#pragma once

#include <akin/support/compiler.hpp>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace akin::inline v0 {

/// Linear warm-up to `peak` over `warmup` steps, then half a cosine down to 0 at `total`.
/// source: as in open_clip: (step + 1) / warmup, then (1 + cos(pi (step - warmup) / (total - warmup))) / 2
struct warmup_cosine {
  double peak = 1e-3;
  std::int64_t warmup = 0, total = 1;

  double operator()(std::int64_t step) const {
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
    if (step >= total) return 0;
    return peak * 0.5 * (1 + std::cos(std::numbers::pi * static_cast<double>(step - warmup) / static_cast<double>(total - warmup)));
  }
};

}  // namespace akin::inline v0

// SPDX-License-Identifier: Apache-2.0
// A public architecture as it is trained from fresh weights, without its type.
#pragma once

#include "tower.hpp"
#include "training_run.hpp"

#include <cstdint>
#include <span>

namespace clip_program {

class trained_clip : public trained_program {
 public:
  virtual akin::parameter_store<float>& weights() = 0;
  /// Lends the batch until the next one.
  /// shapes: pixels [batch, 3, height, width], ids [batch, context]
  virtual void set(std::span<const float> pixels, std::span<const std::int32_t> ids) = 0;
};

}  // namespace clip_program

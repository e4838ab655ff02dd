// SPDX-License-Identifier: Apache-2.0
// The file that uses Thrust: compiled by nvcc for CUDA, and by the host's compiler otherwise.
#include "objective.hpp"

#include <akin/backend/thrust/thrust.hpp>

std::vector<float> on_device(const std::vector<float>& x, const std::vector<float>& y) {
  return loss_and_gradient<akin::thrust_backend>(x, y);
}

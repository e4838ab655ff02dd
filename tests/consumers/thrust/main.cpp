// SPDX-License-Identifier: Apache-2.0
// A program of two files that use akin, of which one knows Thrust: they link, and agree.
#include "objective.hpp"

#include <cmath>
#include <iostream>

int main() try {
  std::vector<float> x, y;
  for (int k = 0; k < 20; ++k) {
    x.push_back(std::sin(0.7f * static_cast<float>(k)));
    y.push_back(std::cos(0.9f * static_cast<float>(k)));
  }
  const auto here = loss_and_gradient<akin::cpu_backend>(x, y), there = on_device(x, y);
  float worst = 0;
  for (std::size_t k = 0; k < here.size(); ++k) worst = std::max(worst, std::abs(here[k] - there[k]));
  std::cout << "loss " << here[0] << ", furthest " << worst << "\n";
  return here.size() == there.size() && worst < 1e-5f ? 0 : 1;
} catch (const akin::error& e) {
  std::cerr << e.what() << "\n";
  return 1;
}

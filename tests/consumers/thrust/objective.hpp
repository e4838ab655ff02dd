// SPDX-License-Identifier: Apache-2.0
// What both files of the program share: an objective, and its loss on one device.
#pragma once

#include <akin/akin.hpp>

#include <vector>

inline constexpr struct images : akin::batch<"images"> {
} images;
inline constexpr struct texts : akin::batch<"texts"> {
} texts;
inline constexpr struct embed : akin::axis<"embed"> {
} embed;

struct objective {
  static constexpr auto define(akin::model& m) {
    const auto x = l2_normalize(m.input<"x">(images, embed));
    const auto y = l2_normalize(m.input<"y">(texts, embed));
    return symmetric_cross_entropy(dot(x, y) * exp(m.parameter<"t">(akin::initial::constant(1))), akin::paired(images, texts));
  }
};

/// The loss, then the gradient to x.
template <class Backend>
std::vector<float> loss_and_gradient(const std::vector<float>& x, const std::vector<float>& y) {
  akin::parameters<objective> weights;
  akin::program<objective, Backend> p{weights};
  p.bind(images(5), texts(5), embed(4));
  p.template set<"x">(x);
  p.template set<"y">(y);
  std::vector<float> all{p.forward()};
  p.backward();
  const auto g = p.template gradient<"x">();
  all.insert(all.end(), g.data, g.data + g.size());
  return all;
}

std::vector<float> on_device(const std::vector<float>& x, const std::vector<float>& y);

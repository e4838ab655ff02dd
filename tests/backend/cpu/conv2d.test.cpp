// SPDX-License-Identifier: Apache-2.0
// Convolution and its gradients against loops in double; the same bits for any number of threads.
#include "akin/backend/cpu/conv2d.hpp"

#include "count_allocations.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace akin;
using cpu::conv2d_shape, cpu::image_strides;

std::vector<float> numbers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1.f, 1.f);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& value : x) value = draw(random);
  return x;
}

/// Calls visit(x index, weight index, out index) for every product of the convolution.
template <class Visit>
void for_each_product(const conv2d_shape& s, const image_strides& step, Visit visit) {
  for (std::int64_t i = 0; i < s.images; ++i)
    for (std::int64_t y = 0; y < s.out_height(); ++y)
      for (std::int64_t x = 0; x < s.out_width(); ++x)
        for (std::int64_t ky = 0; ky < s.kernel_height; ++ky)
          for (std::int64_t kx = 0; kx < s.kernel_width; ++kx) {
            const std::int64_t h = y * s.stride + ky - s.padding, w = x * s.stride + kx - s.padding;
            if (h < 0 || w < 0 || h >= s.height || w >= s.width) continue;
            for (std::int64_t c = 0; c < s.channels; ++c)
              for (std::int64_t f = 0; f < s.filters; ++f)
                visit(static_cast<std::size_t>(i * step.image + h * step.height + w * step.width + c * step.channel),
                      static_cast<std::size_t>(((f * s.channels + c) * s.kernel_height + ky) * s.kernel_width + kx),
                      static_cast<std::size_t>(((i * s.out_height() + y) * s.out_width() + x) * s.filters + f));
          }
}

double worst(const std::vector<float>& got, const std::vector<double>& expected) {
  double most = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double off = std::fabs(static_cast<double>(got[i]) - expected[i]);
    if (!(off <= most)) most = off;
  }
  return most;
}

struct results {
  std::vector<float> out, x, weights;
  bool operator==(const results&) const = default;
};

constexpr image_strides nchw(const conv2d_shape& s) { return {s.channels * s.height * s.width, s.width, 1, s.height * s.width}; }

struct conv2d_case {
  conv2d_shape shape;
  image_strides strides;
  std::vector<float> x, weights, out_gradient;

  conv2d_case(const conv2d_shape& s, bool channels_last)
      : shape(s),
        strides(channels_last ? image_strides::nhwc(s) : nchw(s)),
        x(numbers(s.images * s.height * s.width * s.channels, 1)),
        weights(numbers(s.filters * s.channels * s.kernel_height * s.kernel_width, 2)),
        out_gradient(numbers(s.images * s.out_height() * s.out_width() * s.filters, 3)) {}

  results run(cpu::isa level, int threads) const {
    thread_pool pool(threads);
    cpu::workspace scratch(threads);
    const float junk = std::nanf("");
    results r{std::vector<float>(out_gradient.size(), junk), std::vector<float>(x.size(), junk),
              std::vector<float>(weights.size(), junk)};
    cpu::conv2d_forward(pool, level, scratch, shape, x.data(), strides, weights.data(), r.out.data());
    cpu::conv2d_gradient_x(pool, level, scratch, shape, weights.data(), out_gradient.data(), r.x.data(), strides);
    cpu::conv2d_gradient_weights(pool, level, scratch, shape, x.data(), strides, out_gradient.data(), r.weights.data());
    return r;
  }
};

//                                  images  h   w  c   filters kh kw stride padding
const std::vector<conv2d_shape> shapes = {
    {2, 9, 7, 3, 5, 3, 3, 1, 1}, {3, 8, 11, 4, 17, 3, 3, 2, 1}, {35, 7, 7, 13, 33, 3, 3, 1, 1}, {2, 28, 28, 1, 16, 3, 3, 1, 1},
    {2, 6, 5, 7, 9, 1, 1, 1, 0}, {2, 7, 6, 16, 16, 1, 1, 2, 0}, {1, 11, 13, 2, 6, 5, 3, 2, 2},  {2, 9, 9, 3, 4, 2, 4, 3, 1},
    {1, 4, 4, 2, 3, 4, 4, 1, 0}, {1, 5, 5, 2, 3, 1, 1, 3, 2},   {1, 2, 2, 2, 3, 5, 5, 1, 0},    {0, 5, 5, 2, 3, 3, 3, 1, 1},
    {2, 1, 1, 1, 1, 1, 1, 1, 0}, {2, 5, 5, 3, 0, 3, 3, 1, 1},   {2, 5, 5, 0, 3, 3, 3, 1, 1},    {1, 70, 65, 20, 11, 3, 3, 1, 1},
    {1, 6, 6, 3, 7, 3, 3, 1, 4}, {3, 12, 9, 8, 32, 3, 3, 1, 0}};

}  // namespace

TEST_CASE("conv2d and its gradients agree with loops in double, on every instruction set") {
  for (const conv2d_shape& s : shapes)
    for (const bool channels_last : {true, false}) {
      const conv2d_case c(s, channels_last);
      std::vector<double> out(c.out_gradient.size()), x(c.x.size()), weights(c.weights.size());
      for_each_product(s, c.strides, [&](std::size_t i, std::size_t w, std::size_t o) {
        out[o] += static_cast<double>(c.x[i]) * static_cast<double>(c.weights[w]);
        x[i] += static_cast<double>(c.out_gradient[o]) * static_cast<double>(c.weights[w]);
        weights[w] += static_cast<double>(c.x[i]) * static_cast<double>(c.out_gradient[o]);
      });
      for (const cpu::isa level : {cpu::isa::portable, cpu::isa::avx2, cpu::isa::avx512}) {
        if (level > cpu::processor_isa()) continue;
        const std::string name =
            std::string(cpu::name_of(level)) + (channels_last ? " nhwc " : " nchw ") + std::to_string(&s - shapes.data());
        CAPTURE(name);
        const results r = c.run(level, 2);
        CHECK(worst(r.out, out) <= 2e-5);
        CHECK(worst(r.x, x) <= 2e-5);
        CHECK(worst(r.weights, weights) <= 1e-4);
      }
    }
}

TEST_CASE("conv2d gives the same bits for any number of threads") {
  for (const conv2d_shape& s : shapes) {
    const conv2d_case c(s, true);
    const results one = c.run(cpu::best_isa(), 1);
    for (const int threads : {2, 3, 8}) CHECK(c.run(cpu::best_isa(), threads) == one);
  }
}

TEST_CASE("conv2d refuses windows that do not fit in the workspace") {
  thread_pool pool(1);
  cpu::workspace scratch(1);
  const conv2d_shape s{1, 1, 1, 1 << 20, 1, 1, 1, 1, 1};
  const std::vector<float> x(1 << 20), weights(1 << 20);
  std::vector<float> out(9);
  CHECK_THROWS_AS(
      cpu::conv2d_forward(pool, cpu::isa::portable, scratch, s, x.data(), image_strides::nhwc(s), weights.data(), out.data()),
      error);
}

TEST_CASE("conv2d and its gradients allocate nothing") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  thread_pool pool(2);
  cpu::workspace scratch(pool.size());
  const cpu::isa level = cpu::best_isa();
  for (const conv2d_shape& s : shapes) {
    conv2d_case c(s, true);
    const auto count = akin_test::allocations_of([&] {
      cpu::conv2d_forward(pool, level, scratch, s, c.x.data(), c.strides, c.weights.data(), c.out_gradient.data());
      cpu::conv2d_gradient_x(pool, level, scratch, s, c.weights.data(), c.out_gradient.data(), c.x.data(), c.strides);
      cpu::conv2d_gradient_weights(pool, level, scratch, s, c.x.data(), c.strides, c.out_gradient.data(), c.weights.data());
    });
    CHECK(count == 0);
  }
}

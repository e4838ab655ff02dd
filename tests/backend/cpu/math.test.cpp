// SPDX-License-Identifier: Apache-2.0
// The elementary functions of every instruction set against double: the errors that math.inl states, and the special values.
#include "akin/backend/cpu/isa/math.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#define AKIN_ISA_BODY "backend/cpu/math.test.inl"
#include "akin/backend/cpu/isa/each.inl"

namespace {

using namespace akin;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

using function = void (*)(const float* x, float* y);

struct functions {
  std::string name;
  function exp, log, tanh, sigmoid, softplus, erf, sin, cos, acos, floor, round, sqrt, abs;
  void (*min)(const float*, const float*, float*);
  void (*max)(const float*, const float*, float*);
  float (*sum)(const float*);
  float (*largest)(const float*);
  void (*copy_first)(const float*, float*, int);
};

#define AKIN_FUNCTIONS(set)                                                                                                    \
  functions {                                                                                                                  \
#set, cpu::set::all_exp, cpu::set::all_log, cpu::set::all_tanh, cpu::set::all_sigmoid, cpu::set::all_softplus,             \
        cpu::set::all_erf, cpu::set::all_sin, cpu::set::all_cos, cpu::set::all_acos, cpu::set::all_floor, cpu::set::all_round, \
        cpu::set::all_sqrt, cpu::set::all_abs, cpu::set::all_min, cpu::set::all_max, cpu::set::first_sum, cpu::set::first_max, \
        cpu::set::copy_first                                                                                                   \
  }

std::vector<functions> sets() {
  std::vector<functions> all{AKIN_FUNCTIONS(portable)};
#if AKIN_HAS_X86
  if (cpu::processor_isa() >= cpu::isa::avx2) all.push_back(AKIN_FUNCTIONS(avx2));
  if (cpu::processor_isa() >= cpu::isa::avx512) all.push_back(AKIN_FUNCTIONS(avx512));
#endif
  return all;
}
#undef AKIN_FUNCTIONS

float at(function f, float x) {
  float in[16], out[16];
  for (float& value : in) value = x;
  f(in, out);
  return out[5];
}

struct error_found {
  double ulps = 0, absolute = 0;
};

/// Over 200,000 points of [low, high], or of [e^low, e^high].
template <class Exact>
error_found worst(function f, Exact exact, double low, double high, bool logarithmic = false) {
  error_found found;
  constexpr int points = 200000;
  for (int i = 0; i < points; i += 16) {
    float x[16], y[16];
    for (int j = 0; j < 16; ++j) {
      const double t = low + (high - low) * (i + j) / (points - 1);
      x[j] = static_cast<float>(logarithmic ? std::exp(t) : t);
    }
    f(x, y);
    for (int j = 0; j < 16; ++j) {
      const double wanted = exact(static_cast<double>(x[j])), off = std::fabs(static_cast<double>(y[j]) - wanted);
      const float size = static_cast<float>(std::fabs(wanted));
      if (!(off <= found.absolute)) found.absolute = off;
      if (size > std::numeric_limits<float>::min()) {
        const double ulps = off / (static_cast<double>(std::nextafter(size, infinity)) - static_cast<double>(size));
        if (!(ulps <= found.ulps)) found.ulps = ulps;
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("elementary functions stay within the errors stated") {
  for (const functions& f : sets()) {
    CAPTURE(f.name);
    CHECK(worst(
              f.exp, [](double x) { return std::exp(x); }, -87, 88.7)
              .ulps <= 1.1);
    CHECK(worst(
              f.log, [](double x) { return std::log(x); }, -87, 88, true)
              .ulps <= 1);
    CHECK(worst(
              f.log, [](double x) { return std::log(x); }, 0.25, 4)
              .ulps <= 1);
    CHECK(worst(
              f.tanh, [](double x) { return std::tanh(x); }, -15, 15)
              .ulps <= 2);
    CHECK(worst(
              f.tanh, [](double x) { return std::tanh(x); }, -1, 1)
              .ulps <= 2);
    CHECK(worst(
              f.sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -87, 87)
              .ulps <= 3);
    CHECK(worst(
              f.softplus, [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }, -87, 87)
              .ulps <= 3);
    CHECK(worst(
              f.erf, [](double x) { return std::erf(x); }, -6, 6)
              .absolute <= 4.5e-7);
    CHECK(worst(
              f.sin, [](double x) { return std::sin(x); }, -8192, 8192)
              .absolute <= 2e-7);
    CHECK(worst(
              f.cos, [](double x) { return std::cos(x); }, -8192, 8192)
              .absolute <= 2e-7);
    CHECK(worst(
              f.acos, [](double x) { return std::acos(x); }, -1, 1)
              .absolute <= 4e-7);
    CHECK(worst(
              f.sqrt, [](double x) { return std::sqrt(x); }, 0, 100)
              .ulps <= 0.5001);
    CHECK(worst(
              f.abs, [](double x) { return std::fabs(x); }, -3, 3)
              .absolute == 0);
    CHECK(worst(
              f.floor, [](double x) { return std::floor(x); }, -9, 9)
              .absolute == 0);
    CHECK(worst(
              f.round, [](double x) { return std::nearbyint(x); }, -9, 9)
              .absolute == 0);
  }
}

TEST_CASE("elementary functions at zero, at infinity and at NaN") {
  for (const functions& f : sets()) {
    CAPTURE(f.name);
    CHECK(at(f.exp, -infinity) == 0);
    CHECK(at(f.exp, -200) == 0);
    CHECK(at(f.exp, 0) == 1);
    CHECK(at(f.exp, 88.8f) == infinity);
    CHECK(at(f.exp, infinity) == infinity);
    CHECK(at(f.log, 0) == -infinity);
    CHECK(at(f.log, 1) == 0);
    CHECK(at(f.log, infinity) == infinity);
    CHECK(std::isnan(at(f.log, -1)));
    CHECK(std::isnan(at(f.log, -infinity)));
    CHECK(at(f.tanh, infinity) == 1);
    CHECK(at(f.tanh, -infinity) == -1);
    CHECK(at(f.sigmoid, infinity) == 1);
    CHECK(at(f.sigmoid, -infinity) == 0);
    CHECK(at(f.sigmoid, 0) == 0.5f);
    CHECK(at(f.softplus, infinity) == infinity);
    CHECK(at(f.softplus, -infinity) == 0);
    CHECK(at(f.softplus, 1e30f) == 1e30f);
    CHECK(at(f.erf, infinity) == doctest::Approx(1).epsilon(1e-6));
    CHECK(at(f.erf, 0) == 0);
    CHECK(at(f.acos, 1) == 0);
    CHECK(at(f.acos, -1) == 3.14159265f);
    CHECK(std::isnan(at(f.acos, 1.001f)));
    CHECK(at(f.round, 2.5f) == 2);
    CHECK(at(f.round, 16777215.f) == 16777215.f);
    CHECK(at(f.round, -infinity) == -infinity);
    CHECK(at(f.floor, -0.25f) == -1);
    for (const function g :
         {f.exp, f.log, f.tanh, f.sigmoid, f.softplus, f.erf, f.sin, f.cos, f.acos, f.floor, f.round, f.sqrt, f.abs})
      CHECK(std::isnan(at(g, not_a_number)));
  }
}

TEST_CASE("min and max pass NaN on; sums and partial copies touch what they say") {
  const float x[16] = {1, not_a_number, 3, infinity, -1, 0, 2, 5, 1, 1, 1, 1, 1, 1, 1, 1};
  const float y[16] = {2, 0, not_a_number, 1, -infinity, 0, 2, 4, 1, 1, 1, 1, 1, 1, 1, 1};
  for (const functions& f : sets()) {
    CAPTURE(f.name);
    float low[16], high[16];
    f.min(x, y, low);
    f.max(x, y, high);
    CHECK(low[0] == 1);
    CHECK(high[0] == 2);
    CHECK(std::isnan(low[1]));
    CHECK(std::isnan(high[1]));
    CHECK(std::isnan(low[2]));
    CHECK(std::isnan(high[2]));
    CHECK(low[3] == 1);
    CHECK(high[3] == infinity);
    CHECK(low[4] == -infinity);
    CHECK(high[7] == 5);
    CHECK(std::isnan(f.largest(x)));
    const float ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const float width = f.sum(ones);
    CHECK(width == (f.name == "portable" ? 4 : f.name == "avx2" ? 8 : 16));
    for (int count = 0; count <= static_cast<int>(width); ++count) {
      float to[17];
      for (float& value : to) value = -7;
      f.copy_first(ones, to, count);
      for (int i = 0; i < 17; ++i) CHECK(to[i] == (i < count ? 1 : -7));
    }
  }
}

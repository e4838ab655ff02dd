// SPDX-License-Identifier: Apache-2.0
// The reference backend: plain loops in double precision, one node at a time. What every other backend is tested against.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/backend/random_bits.hpp>
#include <akin/backend/tape.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace akin::inline v0 {

namespace reference {

/// Visits every index of a space in row-major order: visit(index array).
template <class Real, class Visit>
void for_each_index(const view<Real>& space, Visit visit) {
  std::array<std::int64_t, max_rank> index{};
  const std::int64_t count = space.size();
  for (std::int64_t n = 0; n < count; ++n) {
    visit(index);
    for (int k = space.rank - 1; k >= 0; --k) {
      const auto z = static_cast<std::size_t>(k);
      if (++index[z] < space.extent[z]) break;
      index[z] = 0;
    }
  }
}

/// Where an index of `space` lies in `v`, whose axes are some of the space's.
template <class S, class V>
std::int64_t offset(const view<S>& space, const std::array<std::int64_t, max_rank>& index, const view<V>& v) {
  std::int64_t at = 0;
  for (int k = 0; k < v.rank; ++k) at += index[static_cast<std::size_t>(space.find(v.axis[static_cast<std::size_t>(k)]))] * v.stride(k);
  return at;
}

inline double apply(const scalar_step& s, double a, double b, double c) {
  switch (s.code) {
    case scalar::constant: return s.number;
    case scalar::identity: return a;
    case scalar::negate: return -a;
    case scalar::exp: return std::exp(a);
    case scalar::log: return std::log(a);
    case scalar::sqrt: return std::sqrt(a);
    case scalar::tanh: return std::tanh(a);
    case scalar::sigmoid: return 1 / (1 + std::exp(-a));
    case scalar::softplus: return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a)));
    case scalar::erf: return std::erf(a);
    case scalar::absolute: return std::abs(a);
    case scalar::sine: return std::sin(a);
    case scalar::cosine: return std::cos(a);
    case scalar::arc_cosine: return std::acos(a);
    case scalar::logical_not: return a == 0 ? 1 : 0;
    case scalar::add: return a + b;
    case scalar::subtract: return a - b;
    case scalar::multiply: return a * b;
    case scalar::divide: return a / b;
    case scalar::maximum: return a > b || std::isnan(a) ? a : b;
    case scalar::minimum: return a < b || std::isnan(a) ? a : b;
    case scalar::less: return a < b ? 1 : 0;
    case scalar::less_equal: return a <= b ? 1 : 0;
    case scalar::equal: return a == b ? 1 : 0;
    case scalar::equal_index: return a == b ? 1 : 0;
    case scalar::less_equal_index: return a <= b ? 1 : 0;
    case scalar::index_to_real: return a;
    case scalar::where: return a != 0 ? b : c;
    case scalar::random:
      return uniform_bits(static_cast<std::uint32_t>(static_cast<std::int64_t>(a)), static_cast<std::uint32_t>(static_cast<std::int64_t>(b)), static_cast<std::uint32_t>(s.number));
    case scalar::none:
    case scalar::operand: break;
  }
  return 0;
}

}  // namespace reference

/// Loops that a student reads.
/// values: double precision throughout
/// cost:   no fusion, one thread; pair values are stored whole
class reference_backend : public host_backend {
 public:
  using real = double;
  static constexpr bool fuses = false, runs_lines = false;

  template <class Blueprint, class Extents>
  void reserve(const Blueprint&, const Extents&) {}

  /// A tape to interpret, and the lines that its results take.
  struct compiled_chain {
    std::span<const scalar_step> tape;
    std::span<const std::int16_t> taken;
  };
  template <class Chain>
  static constexpr compiled_chain compile() { return {Chain::tape, Chain::taken}; }

  void map(const compiled_chain& chain, const map_arguments<double>& a) { map(chain.tape, chain.taken, a); }

  void contract(view<const double> a, view<const double> b, view<double> out) {
    view<const double> space = out;  // the axes of out, then those that are summed over
    for (const auto& v : {a, b})
      for (int k = 0; k < v.rank; ++k)
        if (const auto z = static_cast<std::size_t>(k); space.find(v.axis[z]) < 0) {
          space.axis[static_cast<std::size_t>(space.rank)] = v.axis[z];
          space.extent[static_cast<std::size_t>(space.rank++)] = v.extent[z];
        }
    std::fill_n(out.data, out.size(), 0.0);
    reference::for_each_index(space, [&](const auto& i) {
      out.data[reference::offset(space, i, out)] += a.data[reference::offset(space, i, a)] * b.data[reference::offset(space, i, b)];
    });
  }

  void conv2d(view<const double> x, view<const double> w, view<double> out, int stride, int padding, int height, int width) {
    std::fill_n(out.data, out.size(), 0.0);
    convolve(x, w, out, stride, padding, height, width, [&](std::int64_t xi, std::int64_t wi, std::int64_t oi) { out.data[oi] += x.data[xi] * w.data[wi]; });
  }
  void conv2d_to_x(view<const double> g, view<const double> w, view<double> x, int stride, int padding, int height, int width) {
    std::fill_n(x.data, x.size(), 0.0);
    convolve(x, w, g, stride, padding, height, width, [&](std::int64_t xi, std::int64_t wi, std::int64_t oi) { x.data[xi] += g.data[oi] * w.data[wi]; });
  }
  void conv2d_to_weight(view<const double> x, view<const double> g, view<double> w, int stride, int padding, int height, int width) {
    std::fill_n(w.data, w.size(), 0.0);
    convolve(x, w, g, stride, padding, height, width, [&](std::int64_t xi, std::int64_t wi, std::int64_t oi) { w.data[wi] += g.data[oi] * x.data[xi]; });
  }

  void average_pool(const double* x, double* out, const pooling& p) {
    std::fill_n(out, p.outer * p.rows() * p.columns() * p.inner, 0.0);
    pool(p, [&](std::int64_t pixel, std::int64_t window, double part) { out[window] += part * x[pixel]; });
  }
  void average_pool_to_x(const double* g, double* x, const pooling& p) {
    std::fill_n(x, p.outer * p.height * p.width * p.inner, 0.0);
    pool(p, [&](std::int64_t pixel, std::int64_t window, double part) { x[pixel] = part * g[window]; });
  }

  void scatter_add(const double* rows, const std::int32_t* ids, double* table, std::int64_t count, std::int64_t table_rows, std::int64_t width) {
    std::fill_n(table, table_rows * width, 0.0);
    for (std::int64_t k = 0; k < count; ++k)
      for (std::int64_t i = 0; i < width; ++i) table[ids[k] * width + i] += rows[k * width + i];
  }

 private:
  static void map(std::span<const scalar_step> tape, std::span<const std::int16_t> taken, const map_arguments<double>& a) {
    for (const auto& r : a.reductions)
      std::fill_n(r.value.data, r.value.size(), r.kind == reduction::sum ? 0.0 : r.kind == reduction::minimum ? infinity : -infinity);
    std::vector<double> result(tape.size());
    reference::for_each_index(a.space, [&](const auto& index) {
      for (std::size_t t = 0; t < tape.size(); ++t) {
        const scalar_step& s = tape[t];
        const auto of = [&](int k) { return k < 0 ? 0.0 : result[static_cast<std::size_t>(k)]; };
        result[t] = s.code == scalar::operand ? read(a.operands[static_cast<std::size_t>(s.a)], a.space, index) : reference::apply(s, of(s.a), of(s.b), of(s.c));
      }
      const auto value = [&](int k) { return result[static_cast<std::size_t>(taken[static_cast<std::size_t>(k)])]; };
      for (const auto& store : a.stores) store.value.data[reference::offset(a.space, index, store.value)] = value(store.step);
      for (const auto& r : a.reductions) reduce(r.kind, r.value.data[reference::offset(a.space, index, r.value)], value(r.step));
    });
  }

  static double read(const map_operand<double>& o, const view<const double>& space, const std::array<std::int64_t, max_rank>& index) {
    switch (o.kind) {
      case operand_kind::real: return o.value.data[reference::offset(space, index, o.value)];
      case operand_kind::integer: return o.integers[reference::offset(space, index, o.value)];
      case operand_kind::position: return static_cast<double>(reference::offset(space, index, o.value));
      case operand_kind::seed: return o.seed;
      case operand_kind::product:
      case operand_kind::listed: break;
    }
    return 0;
  }

  static void reduce(reduction kind, double& into, double x) {
    switch (kind) {
      case reduction::sum: into += x; break;
      case reduction::maximum: into = x > into || std::isnan(x) ? x : into; break;
      case reduction::minimum: into = x < into || std::isnan(x) ? x : into; break;
      case reduction::log_sum_exp: {
        const double top = std::max(into, x);
        into = std::isinf(top) || std::isnan(x) ? (std::isnan(x) ? x : top) : top + std::log(std::exp(into - top) + std::exp(x - top));
        break;
      }
      default: break;  // kernels of their own
    }
  }

  // Visits every (image, window, tap) and hands over the offsets of the pixel, the weight and the result.
  template <class Visit>
  static void convolve(const view<const double>& x, const view<const double>& w, const view<const double>& out, int stride, int padding, int height, int width, Visit visit) {
    const auto kh = w.extent[2], kw = w.extent[3];
    const std::int64_t step_h = stride == 0 ? kh : stride, step_w = stride == 0 ? kw : stride;
    for (std::int64_t n = 0; n < out.extent[0]; ++n)
      for (std::int64_t i = 0; i < out.extent[1]; ++i)
        for (std::int64_t j = 0; j < out.extent[2]; ++j)
          for (std::int64_t f = 0; f < w.extent[0]; ++f)
            for (std::int64_t c = 0; c < w.extent[1]; ++c)
              for (std::int64_t p = 0; p < kh; ++p)
                for (std::int64_t q = 0; q < kw; ++q) {
                  const auto row = i * step_h + p - padding, column = j * step_w + q - padding;
                  if (row < 0 || column < 0 || row >= x.extent[static_cast<std::size_t>(x.find(height))] || column >= x.extent[static_cast<std::size_t>(x.find(width))]) continue;
                  visit(n * x.stride(0) + row * x.stride_of(height) + column * x.stride_of(width) + c * x.stride_of(w.axis[1]),
                        ((f * w.extent[1] + c) * kh + p) * kw + q, n * out.stride(0) + i * out.stride(1) + j * out.stride(2) + f);
                }
  }

  // Visits every number of every window with its offsets in the image and in the result, and its part of the mean.
  template <class Visit>
  static void pool(const pooling& p, Visit visit) {
    for (std::int64_t o = 0; o < p.outer; ++o)
      for (std::int64_t y = 0; y < p.rows() * p.size; ++y)
        for (std::int64_t x = 0; x < p.columns() * p.size; ++x)
          for (std::int64_t i = 0; i < p.inner; ++i)
            visit(p.in_image(o, y, x) + i, p.in_result(o, y / p.size, x / p.size) + i, 1.0 / static_cast<double>(p.size * p.size));
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();
};

}  // namespace akin::inline v0

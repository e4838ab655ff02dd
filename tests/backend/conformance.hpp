// SPDX-License-Identifier: Apache-2.0
// What every backend must do: kernels called with views, against values written down by hand or by loops in double precision.
#pragma once

#include <akin/backend/reference/reference.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

namespace akin_test {

/// A chain for Backend::map: y = a * b + constant, s = exp(a).
struct example_chain {
  static constexpr int operands = 2, results = 2;
  static constexpr std::array<akin::scalar_step, 6> tape{{{akin::scalar::operand, 0}, {akin::scalar::operand, 1}, {akin::scalar::multiply, 0, 1}, {akin::scalar::constant, -1, -1, -1, 0.5}, {akin::scalar::add, 2, 3}, {akin::scalar::exp, 0}}};
  static constexpr std::array<std::int16_t, 2> taken{4, 5};
};

template <class T>
akin::view<T> labelled(T* data, std::initializer_list<std::pair<int, std::int64_t>> axes) {
  akin::view<T> v{data, 0, {}, {}};
  for (const auto& [label, extent] : axes) {
    v.axis[static_cast<std::size_t>(v.rank)] = label;
    v.extent[static_cast<std::size_t>(v.rank++)] = extent;
  }
  return v;
}

template <class Real>
std::vector<Real> waves(std::int64_t count, double phase) {
  std::vector<Real> x;
  for (std::int64_t k = 0; k < count; ++k) x.push_back(static_cast<Real>(static_cast<float>(std::sin(0.7 * static_cast<double>(k) + phase))));
  return x;
}

template <class Real>
void check_close(const std::vector<Real>& got, const std::vector<double>& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t k = 0; k < got.size(); ++k) CHECK(std::abs(static_cast<double>(got[k]) - expected[k]) <= tolerance * std::max(1.0, std::abs(expected[k])));
}

/// Numbers where a backend computes, and on their way back.
template <class Backend, class T>
class placed {
 public:
  placed(Backend& backend, const std::vector<T>& numbers) : count_{numbers.size()}, block_{backend.allocate(bytes())} {
    block_->copy_in(numbers.data(), bytes());
  }
  const T* data() const { return reinterpret_cast<const T*>(block_->data()); }
  T* data() { return reinterpret_cast<T*>(block_->data()); }
  std::vector<T> back() const {
    std::vector<T> numbers(count_);
    block_->copy_out(0, numbers.data(), bytes());
    return numbers;
  }

 private:
  std::int64_t bytes() const { return static_cast<std::int64_t>(sizeof(T) * count_); }
  std::size_t count_;
  std::unique_ptr<akin::memory_block> block_;
};
template <class Backend, class T>
placed(Backend&, const std::vector<T>&) -> placed<Backend, T>;

/// map: a stored result whose axes are turned, one that is reduced over a leading axis, and one over all.
template <class Backend>
void map_conforms(Backend&& backend, std::int64_t n, std::int64_t m, double tolerance) {
  using R = typename std::remove_cvref_t<Backend>::real;
  const auto a = waves<R>(n * m, 0), b = waves<R>(m, 1);
  const placed a_there{backend, a}, b_there{backend, b};
  placed y{backend, std::vector<R>(static_cast<std::size_t>(n * m))}, columns{backend, std::vector<R>(static_cast<std::size_t>(m))};
  const std::array<akin::map_operand<R>, 2> operands{{{akin::operand_kind::real, labelled(a_there.data(), {{3, n}, {5, m}})}, {akin::operand_kind::real, labelled(b_there.data(), {{5, m}})}}};
  const std::array<akin::map_store<R>, 1> stores{{{0, labelled(y.data(), {{5, m}, {3, n}})}}};
  const std::array<akin::map_reduction<R>, 1> reductions{{{1, akin::reduction::sum, labelled(columns.data(), {{5, m}})}}};
  backend.map(std::remove_cvref_t<Backend>::template compile<example_chain>(), {labelled<const R>(nullptr, {{3, n}, {5, m}}), operands, stores, reductions});
  std::vector<double> expected_y(a.size()), expected_columns(b.size());
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) {
      const double x = static_cast<double>(a[static_cast<std::size_t>(i * m + j)]);
      expected_y[static_cast<std::size_t>(j * n + i)] = x * static_cast<double>(b[static_cast<std::size_t>(j)]) + 0.5;
      expected_columns[static_cast<std::size_t>(j)] += std::exp(x);
    }
  check_close(y.back(), expected_y, tolerance);
  check_close(columns.back(), expected_columns, tolerance);
}

/// contract: [i, b, k] x [k, b, j] -> [b, j, i].
template <class Backend>
void contract_conforms(Backend&& backend, double tolerance) {
  using R = typename std::remove_cvref_t<Backend>::real;
  const std::int64_t I = 5, B = 2, K = 7, J = 9;
  const auto a = waves<R>(I * B * K, 0), b = waves<R>(K * B * J, 2);
  const placed a_there{backend, a}, b_there{backend, b};
  placed out{backend, std::vector<R>(static_cast<std::size_t>(B * J * I), R{99})};
  backend.contract(labelled(a_there.data(), {{0, I}, {1, B}, {2, K}}), labelled(b_there.data(), {{2, K}, {1, B}, {3, J}}), labelled(out.data(), {{1, B}, {3, J}, {0, I}}));
  std::vector<double> expected(static_cast<std::size_t>(B * J * I));
  for (std::int64_t n = 0; n < B; ++n)
    for (std::int64_t j = 0; j < J; ++j)
      for (std::int64_t i = 0; i < I; ++i)
        for (std::int64_t k = 0; k < K; ++k)
          expected[static_cast<std::size_t>((n * J + j) * I + i)] += static_cast<double>(a[static_cast<std::size_t>((i * B + n) * K + k)]) * static_cast<double>(b[static_cast<std::size_t>((k * B + n) * J + j)]);
  check_close(out.back(), expected, tolerance);
}

/// slice, place and concatenate, gather and scatter_add: exact copies, and rows that meet are added.
template <class Backend>
void copies_conform(Backend&& backend) {
  using R = typename std::remove_cvref_t<Backend>::real;
  const auto x = waves<R>(2 * 5 * 3, 0);
  const placed x_there{backend, x};
  placed part_there{backend, std::vector<R>(2 * 2 * 3)}, whole_there{backend, std::vector<R>(2 * 5 * 3, R{7})};
  backend.slice(x_there.data(), part_there.data(), 2, 5, 3, 2, 3);
  backend.place(part_there.data(), whole_there.data(), 2, 5, 3, 2, 3);
  const auto part = part_there.back(), whole = whole_there.back();
  for (std::size_t o = 0; o < 2; ++o)
    for (std::size_t k = 0; k < 5; ++k)
      for (std::size_t i = 0; i < 3; ++i) CHECK(whole[(o * 5 + k) * 3 + i] == (k >= 3 ? x[(o * 5 + k) * 3 + i] : R{0}));
  placed together_there{backend, std::vector<R>(2 * (5 * 3 + 2 * 3))};
  backend.concatenate(x_there.data(), part_there.data(), together_there.data(), 2, 5 * 3, 2 * 3);
  const auto together = together_there.back();
  for (std::size_t o = 0; o < 2; ++o)
    for (std::size_t k = 0; k < 21; ++k) CHECK(together[o * 21 + k] == (k < 15 ? x[o * 15 + k] : part[o * 6 + k - 15]));
  const placed ids{backend, std::vector<std::int32_t>{4, 0, 4}};
  placed rows_there{backend, std::vector<R>(9)}, table_there{backend, std::vector<R>(15, R{7})};
  backend.gather(x_there.data(), ids.data(), rows_there.data(), 3, 3);
  backend.scatter_add(rows_there.data(), ids.data(), table_there.data(), 3, 5, 3);
  const auto rows = rows_there.back(), table = table_there.back();
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(rows[i] == x[12 + i]);
    CHECK(rows[3 + i] == x[i]);
    CHECK(table[i] == x[i]);
    CHECK(table[12 + i] == x[12 + i] + x[12 + i]);
    CHECK(table[3 + i] == 0);
  }
}

/// conv2d by hand: one channel, a 2 x 2 kernel of ones over 0..8 sums each window; its gradients count windows.
template <class Backend>
void conv2d_conforms(Backend&& backend) {
  using R = typename std::remove_cvref_t<Backend>::real;
  const std::vector<R> ones(4, R{1});
  const placed x{backend, std::vector<R>{0, 1, 2, 3, 4, 5, 6, 7, 8}}, w{backend, ones}, g{backend, ones};
  placed out{backend, std::vector<R>(4)}, dx{backend, std::vector<R>(9, R{99})}, dw{backend, std::vector<R>(4, R{99})};
  const auto image = [](auto* data) { return labelled(data, {{0, 1}, {1, 3}, {2, 3}, {3, 1}}); };
  const auto kernel = [](auto* data) { return labelled(data, {{4, 1}, {3, 1}, {5, 2}, {6, 2}}); };
  const auto result = [](auto* data) { return labelled(data, {{0, 1}, {7, 2}, {8, 2}, {4, 1}}); };
  backend.conv2d(image(x.data()), kernel(w.data()), result(out.data()), 1, 0, 1, 2);
  CHECK(out.back() == std::vector<R>{8, 12, 20, 24});
  backend.conv2d_to_x(result(g.data()), kernel(w.data()), image(dx.data()), 1, 0, 1, 2);
  CHECK(dx.back() == std::vector<R>{1, 2, 1, 2, 4, 2, 1, 2, 1});
  backend.conv2d_to_weight(image(x.data()), result(g.data()), kernel(dw.data()), 1, 0, 1, 2);
  CHECK(dw.back() == std::vector<R>{8, 12, 20, 24});
}

/// average_pool by hand: 2 x 2 windows of a 3 x 5 image of two channels leave a row and a column over.
template <class Backend>
void average_pool_conforms(Backend&& backend) {
  using R = typename std::remove_cvref_t<Backend>::real;
  std::vector<R> image;
  for (int k = 0; k < 15; ++k) image.push_back(static_cast<R>(k)), image.push_back(static_cast<R>(-k));
  const placed x{backend, image}, g{backend, std::vector<R>{4, 8, 12, 16}};
  placed out{backend, std::vector<R>(4, R{99})}, dx{backend, std::vector<R>(30, R{99})};
  const akin::pooling windows{1, 3, 5, 2, 2};
  backend.average_pool(x.data(), out.data(), windows);
  CHECK(out.back() == std::vector<R>{3, -3, 5, -5});
  backend.average_pool_to_x(g.data(), dx.data(), windows);
  CHECK(dx.back() == std::vector<R>{1, 2, 1, 2, 3, 4, 3, 4, 0, 0, 1, 2, 1, 2, 3, 4, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
}

template <class Make>
void backend_conforms(Make make, double tolerance) {
  map_conforms(make(), 4, 3, tolerance);
  map_conforms(make(), 1, 1, tolerance);
  map_conforms(make(), 257, 131, tolerance);
  map_conforms(make(), 3, 0, tolerance);
  contract_conforms(make(), tolerance);
  copies_conform(make());
  conv2d_conforms(make());
  average_pool_conforms(make());
}

}  // namespace akin_test

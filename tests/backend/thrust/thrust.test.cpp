// SPDX-License-Identifier: Apache-2.0
// The Thrust backend: the conformance suite, bits on every run, panels of pairs, numbers that two backends share.
#include "backend/conformance.hpp"
#include "check_model.hpp"

#include <akin/train/optimizer.hpp>

#include <algorithm>
#include <array>
#include <barrier>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

using namespace akin;

inline constexpr struct images : batch<"images"> {
} images;
inline constexpr struct texts : batch<"texts"> {
} texts;
inline constexpr struct embed : axis<"embed"> {
} embed;
inline constexpr struct narrow : axis<"narrow"> {
} narrow;

struct clip {
  static constexpr auto define(model& m) {
    const auto w = m.parameter<"w">(initial::normal(1, embed), embed, narrow);
    const auto x = l2_normalize(dot(m.input<"x">(images, embed), w));
    const auto y = l2_normalize(m.input<"y">(texts, narrow));
    return symmetric_cross_entropy(dot(x, y) * exp(m.parameter<"t">(initial::constant(1))), paired(images, texts));
  }
};

TEST_CASE("the Thrust backend conforms") {
  akin_test::backend_conforms([] { return thrust_backend{}; }, 1e-6);
}

TEST_CASE("two runs have the same bits") {
  const auto run = [] {
    return akin_test::subject<clip, thrust_backend>{std::tuple{pair_panels{5000}}, akin_test::ordinary, images(300),
                                                    texts(300),       embed(20),           narrow(8)}
        .run();
  };
  CHECK(run() == run());
}

TEST_CASE("panels hold as many rows as fit; what they take is in explain()") {
  parameters<clip> weights;
  program<clip, thrust_backend> p{weights, pair_panels{12'000}};
  p.pair_budget(0);
  p.bind(images(1000), texts(300), embed(8), narrow(4));
  CHECK(p.explain().find(" of 10 x 300 numbers at most") != std::string::npos);
  program<clip, thrust_backend> whole{weights};
  whole.bind(images(50), texts(300), embed(8), narrow(4));
  CHECK(whole.explain().find("panels of pairs: 1 of 50 x 300 numbers at most, 60.0 kB") != std::string::npos);  // a gradient; the product is kept elsewhere
  CHECK_THROWS_WITH_AS(thrust_backend{pair_panels{0}}, "thrust: panels of 0 bytes, expected 1 or more", error);
}

struct tall : axis<"tall"> {};

/// Ids that a model adds up into rows, and a product that lies apart: both need scratch.
struct lookup {
  static constexpr auto define(model& m) {
    const auto rows = gather(m.parameter<"table">(initial::normal(1), tall{}, embed), m.indices<"ids">(images));
    return sum(rows * m.data<"w">(images, embed) * sum(rows, over(embed)));
  }
};

TEST_CASE("rows that meet are added in the order of the ids, whatever their number") {
  for (const std::int32_t count : {0, 1, 2, 3, 64, 257, 1000, 30'000}) {
    std::vector<std::int32_t> ids;
    for (std::int32_t k = 0; k < count; ++k) ids.push_back((k * 37 + k / 5) % 7);
    const auto rows = akin_test::waves<float>(count * 3, 1);
    std::vector<float> expected(8 * 3, 0);
    for (std::size_t k = 0; k < rows.size(); ++k) expected[static_cast<std::size_t>(ids[k / 3]) * 3 + k % 3] += rows[k];
    thrust_backend backend;
    const akin_test::placed rows_there{backend, rows};
    const akin_test::placed ids_there{backend, ids};
    akin_test::placed table{backend, std::vector<float>(8 * 3, 9)};
    backend.scatter_add(rows_there.data(), ids_there.data(), table.data(), count, 8, 3);
    CHECK(table.back() == expected);
  }
}

TEST_CASE("bind learns what scratch the steps need, and says where there is too little memory") {
  parameters<lookup> weights;
  program<lookup, thrust_backend> p{weights};
  p.bind(tall{}(50), images(1000), embed(8));
  const std::string bound = p.explain();
  CHECK(p.backend().own_bytes() >= device::system::own_bytes + 20'000);  // two lists of 1,000 ids with their places, and a part of each row's sum
  CHECK(bound.find("\nscratch: ") != std::string::npos);
  CHECK(bound.find("\non the device: ") != std::string::npos);
  const std::vector<std::int32_t> ids(1000, 49);
  const std::vector<float> w(8000, 1);
  p.set<"ids">(ids);
  p.set<"w">(w);
  p.forward();
  p.backward();
  CHECK(p.explain() == bound);
  CHECK_THROWS_WITH_AS(p.bind(images(std::int64_t{1} << 40)), doctest::Contains("TB found no room"), error);
}

TEST_CASE("a smaller bind takes less scratch") {
  parameters<lookup> weights;
  program<lookup, thrust_backend> p{weights};
  p.bind(tall{}(50), images(1000), embed(8));
  const std::string before = p.explain();
  p.bind(images(2000));
  CHECK(p.backend().own_bytes() >= device::system::own_bytes + 40'000);
  p.bind(images(1000));
  CHECK(p.explain() == before);
}

TEST_CASE("an operation that sums on the device can be bound") {
  device::queue q;
  const akin_test::placed there{q, akin_test::waves<float>(2'000'000, 0)};
  akin_test::placed total{q, std::vector<double>{1}};
  const auto sum = [&] { q.add_sum(total.data(), 2'000'000, square_of<float>{there.data()}); };
  q.rehearse(sum);
  const std::int64_t asked_for = q.bytes_of(device::scratch::partials);
  CHECK(asked_for > 0);
  sum();
  CHECK(q.bytes_of(device::scratch::partials) == asked_for);
  double expected = 1;
  for (const float x : akin_test::waves<float>(2'000'000, 0)) expected += static_cast<double>(x) * static_cast<double>(x);
  CHECK(total.back()[0] == doctest::Approx(expected).epsilon(1e-12));
}

#if !defined(__CUDACC__)  // threads of the host cannot be lanes in device code
/// A warp, by threads that wait for each other.
struct threads_as_lanes {
  static constexpr int lanes = 32;
  int number;
  std::barrier<>& all;
  float* numbers;  // one for each lane
  int lane() const { return number; }
  float from_lane(float x, int by) const {
    numbers[number] = x;
    all.arrive_and_wait();
    const float found = numbers[std::min(number + by, lanes - 1)];
    all.arrive_and_wait();
    return found;
  }
  void sync() const { all.arrive_and_wait(); }
};

/// Of x: stored twice as large, its sum and its maximum.
struct first_map {
  static constexpr int operands = 1, results = 3;
  template <class Read>
  AKIN_HOST_DEVICE static void evaluate(const Read& read, float* out) {
    const float x = read(0);
    out[0] = 2 * x, out[1] = x, out[2] = x;
  }
};
/// Of what the first has made: stored, 2 x - sum; reduced, the minimum of that and log_sum_exp(x - maximum).
struct second_map {
  static constexpr int operands = 3, results = 3;
  template <class Read>
  AKIN_HOST_DEVICE static void evaluate(const Read& read, float* out) {
    out[0] = out[1] = read(0) - read(1);
    out[2] = read(0) / 2 - read(2);
  }
};

TEST_CASE("the lanes of a warp share a line: short lines, long ones, and sums that go on") {
  for (const std::int64_t length : {1, 7, 32, 75}) {
    constexpr std::int64_t lines = 3;
    const auto x = akin_test::waves<float>(lines * length, 0);
    std::vector<float> doubled(x.size()), rest(x.size()), sum(lines, 10), top(lines), least(lines), log_sum(lines);
    device::map_call first{2, 1, {lines, length}}, second = first;
    const strides whole{length, 1}, one{1, 0};
    first.operands[0] = {x.data(), 0, whole};
    first.results[0] = {doubled.data(), whole};
    first.results[1] = {sum.data(), one, true, true, reduction::sum};
    first.results[2] = {top.data(), one, true, false, reduction::maximum};
    second.operands[0] = {doubled.data(), 0, whole};
    second.operands[1] = {sum.data(), 0, one};
    second.operands[2] = {top.data(), 0, one};
    second.results[0] = {rest.data(), whole};
    second.results[1] = {least.data(), one, true, false, reduction::minimum};
    second.results[2] = {log_sum.data(), one, true, false, reduction::log_sum_exp};
    device::line_work<first_map, second_map> work;
    const std::array<const device::map_call*, 2> calls{&first, &second};
    device::place(calls, work);
    std::barrier all{threads_as_lanes::lanes};
    std::vector<float> numbers(threads_as_lanes::lanes);
    std::vector<std::thread> threads;
    for (int lane = 0; lane < threads_as_lanes::lanes; ++lane)
      threads.emplace_back([&, lane] {
        for (std::int64_t line = 0; line < lines; ++line) work(line, threads_as_lanes{lane, all, numbers.data()});
      });
    for (std::thread& t : threads) t.join();
    for (std::size_t line = 0; line < lines; ++line) {
      const std::vector<double> row(x.begin() + static_cast<std::ptrdiff_t>(line) * length, x.begin() + static_cast<std::ptrdiff_t>(line + 1) * length);
      double expected = 10, largest = row[0], exponentials = 0;
      for (const double v : row) expected += v, largest = std::max(largest, v);
      for (const double v : row) exponentials += std::exp(v - largest);
      CHECK(sum[line] == doctest::Approx(expected).epsilon(1e-6));
      CHECK(static_cast<double>(top[line]) == largest);
      CHECK(least[line] == doctest::Approx(2 * *std::min_element(row.begin(), row.end()) - expected).epsilon(1e-6));
      CHECK(log_sum[line] == doctest::Approx(std::log(exponentials)).epsilon(1e-6));
      for (std::size_t k = 0; k < row.size(); ++k) CHECK(rest[line * row.size() + k] == doctest::Approx(2 * row[k] - expected).epsilon(1e-6));
    }
  }
}
#endif

TEST_CASE("two programs run side by side, each on what is its own") {
  const auto run = [](std::vector<float>& into) {
    parameters<clip> weights;
    program<clip, thrust_backend> p{weights, pair_panels{12'000}};
    p.bind(images(100), texts(100), embed(8), narrow(4));
    const auto x = akin_test::waves<float>(100 * 8, 0), y = akin_test::waves<float>(100 * 4, 1);
    p.set<"x">(x);
    p.set<"y">(y);
    for (int step = 0; step < 10; ++step) {
      into.push_back(p.forward());
      p.backward();
    }
    const auto g = p.gradient<"x">();
    into.insert(into.end(), g.data, g.data + g.size());
  };
  std::vector<float> alone, first, second;
  run(alone);
  std::thread other{[&] { run(first); }};
  run(second);
  other.join();
  CHECK(first == alone);
  CHECK(second == alone);
}

/// A device whose products fail.
struct without_products : thrust_backend {
  using thrust_backend::thrust_backend;
  void contract(view<const float>, view<const float>, view<float>) { throw device_error{"thrust: cublasSgemm: the GPU has fallen off the bus"}; }
};

TEST_CASE("a call that fails is named, and the node whose step made it") {
  parameters<clip> weights;
  program<clip, without_products> p{weights};
  CHECK_THROWS_WITH_AS(p.bind(images(5), texts(5), embed(8), narrow(4)),
                       doctest::Contains("thrust: cublasSgemm: the GPU has fallen off the bus, in the step of contract [images, narrow] (node "), error);
}

/// Texts, of which each has a chosen token, as in CLIP's tower.
struct ends_of_texts {
  static constexpr auto define(model& m) {
    const auto ids = m.indices<"ids">(texts, narrow);
    const auto rows = gather(m.parameter<"table">(initial::normal(1), tall{}, embed), ids);
    return sum(square(pick(rows, first_arg_max(ids, over(narrow)), narrow)));
  }
};

/// Each of these copies waits for the device.
struct counts_waits : thrust_backend {
  using thrust_backend::thrust_backend;
  int waits = 0;
  void copy_out(const void* from, void* to, std::int64_t bytes) {
    ++waits;
    thrust_backend::copy_out(from, to, bytes);
  }
};

TEST_CASE("a step waits for the device once, for the loss") {
  parameters<ends_of_texts> weights;
  program<ends_of_texts, counts_waits> p{weights};
  p.bind(texts(3), narrow(5), tall{}(7), embed(4));
  const std::vector<std::int32_t> ids{1, 6, 2, 0, 0, 3, 4, 5, 6, 0, 6, 0, 0, 0, 0};
  p.set<"ids">(ids);
  adamw<float> optimizer{weights, {}};
  const float first = p.forward_and_backward();
  const int before = p.backend().waits;
  for (int step = 0; step < 20; ++step) {
    optimizer.clip(p, 1.0);
    optimizer.step(p, 0.1);
    CHECK(p.forward_and_backward() < first);
  }
  CHECK(p.backend().waits == before + 20);
}

#if !defined(__CUDACC__)  // where nvcc compiles this file, there is no cpu backend in it
TEST_CASE("a program on the cpu and one on the device share their weights") {
  parameters<clip> weights;
  weights.bind(1, embed(8), narrow(4));
  program<clip, thrust_backend> trained{weights};
  program<clip, cpu_backend> evaluated{weights};
  std::vector<float> x(5 * 8), y(5 * 4);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(std::sin(0.7 * static_cast<double>(k)));
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<float>(std::cos(0.9 * static_cast<double>(k)));
  const auto prepare = [&](auto& p) {
    p.bind(images(5), texts(5));
    p.template set<"x">(x);
    p.template set<"y">(y);
  };
  prepare(trained);
  prepare(evaluated);
  adamw<float> optimizer{weights, {}};
  const float before = evaluated.forward();
  for (int step = 0; step < 20; ++step) {
    trained.forward_and_backward();
    optimizer.clip(trained, 1.0);
    optimizer.step(trained, 0.05);
    clamp_temperature(trained);
  }
  const float after = evaluated.forward();
  CHECK(after < 0.8f * before);
  CHECK(trained.forward() == doctest::Approx(after).epsilon(1e-5));
  weights.values()[0] += 0.5f;
  CHECK(trained.forward() == doctest::Approx(evaluated.forward()).epsilon(1e-5));
}
#endif

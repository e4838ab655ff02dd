// SPDX-License-Identifier: Apache-2.0
// How far fp32 objectives over pairs are from double precision, in the units in which rounding happens: s / n for gradients of unit vectors, where s scales
// cosines and n is the number of anchors, and max(1, |loss|) for losses.
#include "backend/cpu/pair_models.hpp"

using namespace pair_models;

namespace {

/// Logits of what log_sum_exp takes: hard negatives are weighted with 1 + hardness.
template <class Model>
constexpr double amplification = std::is_same_v<Model, hard> ? 1.5 : 1.0;

/// Loss within 1e-5 max(1, |loss|), gradients of unit vectors within 1e-5 s / n, or 1e-6 of their largest entry where that is more: a sigmoid objective adds
/// many terms of one sign. Both times max(1, largest logit / 140); gradients grow with the vectors, and with the share of the softmax that one row gathers.
template <class Model>
void check(const std::string& what, const embeddings& e, double s, double most, double gathered = 1) {
  const auto expected = results_of<Model, reference_backend>(e, s), got = results_of<Model, cpu_backend>(e, s, 2);
  const double loss = expected.at("loss")[0], factor = std::max(1.0, amplification<Model> * most / 140);
  const double of_loss = std::abs(got.at("loss")[0] - loss) / (1e-5 * factor * std::max(1.0, std::abs(loss)));
  const auto share = [&](const char* name, double unit) { return distance(got.at(name), expected.at(name)) / std::max(1e-5 * factor * unit, 1e-6 * largest(expected.at(name))); };
  const double vectors = gathered * s * e.length / static_cast<double>(e.n), of_x = share("d x", vectors), of_y = share("d y", vectors), of_t = share("d t", most);
  if (std::getenv("AKIN_TEST_VERBOSE"))
    std::cout << what << " s " << s << " [" << e.n << ", " << e.m << ", " << e.d << "] length " << e.length << " loss " << loss << ": " << of_loss << " x " << of_x << " y " << of_y
              << " t " << of_t << "; in 1e-5 s/n: " << std::max(distance(got.at("d x"), expected.at("d x")), distance(got.at("d y"), expected.at("d y"))) * 1e5 * static_cast<double>(e.n) / s << "\n";
  CAPTURE(what);
  CAPTURE(s);
  CHECK(of_loss <= 1);
  CHECK(of_x <= 1);
  CHECK(of_y <= 1);
  CHECK(of_t <= 1);
}

}  // namespace

TEST_CASE("the loss of CLIP") {
  for (const double s : {1.0, 10.0, 14.3, 100.0, 140.0}) {
    check<clip>("clip, random", drawn(rows::random, 300, 300, 64), s, s);
    check<clip>("clip, near duplicates", drawn(rows::near_duplicates, 320, 320, 32), s, s);
    check<clip>("clip, one dominant", drawn(rows::one_dominant, 300, 300, 128), s, s);
    const embeddings hub = drawn(rows::hub, 300, 300, 32);
    check<clip>("clip, hub", hub, s, s, concentration(hub, s));
  }
  check<clip>("clip, larger tiles", drawn(rows::random, 500, 530, 32), 100, 100);
}

TEST_CASE("hard negatives and sigmoids") {
  for (const double s : {1.0, 14.3, 140.0})
    for (const rows kind : {rows::random, rows::near_duplicates, rows::one_dominant, rows::hub}) {
      const embeddings e = drawn(kind, 300, 300, 32);
      check<hard>("hard negatives", e, s, s, kind == rows::hub ? concentration(e, s) : 1);
      check<sigmoids>("sigmoids", e, s, s);
    }
}

TEST_CASE("vectors that are not unit: logits of hundreds") {
  for (const double length : {2.0, 3.0})
    for (const rows kind : {rows::random, rows::near_duplicates, rows::one_dominant, rows::hub}) {
      const embeddings e = drawn(kind, 150, 150, 32, length);
      const double gathered = kind == rows::hub ? concentration(e, 100) : 1;
      check<clip>("long clip", e, 100, 100 * length * length, gathered);
      check<hard>("long hard negatives", e, 100, 100 * length * length, gathered);
      check<sigmoids>("long sigmoids", e, 100, 100 * length * length);
    }
}

namespace {

/// s x_i y_j = 100 (down_i + along_j + waves), with entries of at most 3.
embeddings apart(std::int64_t n, std::int64_t m, double (*down)(std::int64_t), double (*along)(std::int64_t)) {
  embeddings e{n, m, 3, {}, {}, 3};
  random_stream random{8, 1};
  const auto push = [](std::vector<double>& v, double a, double b, double c) {
    for (const double number : {a, b, c}) v.push_back(static_cast<double>(static_cast<float>(number)));
  };
  for (std::int64_t i = 0; i < n; ++i) push(e.x, down(i), 1, 0.3 * random.normal());
  for (std::int64_t j = 0; j < m; ++j) push(e.y, 1, along(j), 0.3 * random.normal());
  return e;
}
double zero(std::int64_t) { return 0; }
double wide(std::int64_t k) { return static_cast<double>(k % 61 - 30) * 0.1; }
double steps(std::int64_t k) { return -0.07 * static_cast<double>(k * 5 % 29); }

}  // namespace

TEST_CASE("rows and columns hundreds apart are summed each with its own maximum") {
  const auto check_apart = [](const std::string& what, const embeddings& e, double most) { check<clip>(what, e, 100, most, concentration(e, 100)); };
  check_apart("rows apart", apart(130, 90, wide, zero), 300);
  check_apart("columns apart", apart(130, 90, zero, wide), 300);
  check_apart("both apart", apart(130, 150, wide, wide), 600);
  check_apart("steps across the range of exp", apart(130, 150, steps, steps), 400);
  const embeddings few = apart(60, 70, steps, steps);
  check<hard>("steps across the range of exp, hard negatives", few, 100, 400, concentration(few, 100));
}

TEST_CASE("partly flushed rows") {
  // One row and one column of each tile hold its maximum, 0; all other entries lie where exp leaves the normal numbers, so that in a column some would be
  // flushed and some not.
  for (const double depth : {-0.60, -0.64, -0.70, -0.84, -0.86, -0.87, -0.875, -0.88, -0.9, -1.03, -1.1}) {
    embeddings e{80, 150, 3, {}, {}, 2};
    random_stream random{9, 1};
    const auto push = [](std::vector<double>& v, double a, double b, double c) {
      for (const double number : {a, b, c}) v.push_back(static_cast<double>(static_cast<float>(number)));
    };
    for (std::int64_t i = 0; i < e.n; ++i) i % 28 == 0 ? push(e.x, 0, 1, 0) : push(e.x, 1 + 0.01 * random.normal(), 0, 0.1);
    for (std::int64_t j = 0; j < e.m; ++j) push(e.y, depth, j % 64 == 0 ? 0 : -2, 0.05 * random.normal());
    CAPTURE(depth);
    check<clip>("partly flushed", e, 100, 200, concentration(e, 100));
  }
}

namespace {

template <class Model>
void check_not_finite(const std::string& what) {
  CAPTURE(what);
  for (const precision pairs : {precision::fp32, precision::bf16_split, precision::bf16})
    for (const double strange : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
      for (const bool of_x : {true, false}) {
        CAPTURE(strange);
        CAPTURE(of_x);
        embeddings e = drawn(rows::random, 40, 70, 19);
        (of_x ? e.x : e.y)[static_cast<std::size_t>(33 * e.d + 7)] = strange;
        akin_test::subject<Model, cpu_backend> s{std::tuple{2, pairs}, e.at_scale(10), images(e.n), texts(e.m), embed(e.d)};
        const auto got = s.run();
        CHECK(!std::isfinite(got.at("loss")[0]));
        CHECK(!std::isfinite(got.at(of_x ? "d y" : "d x")[static_cast<std::size_t>(33 * e.d + 7)]));  // its partner's
        if (std::isnan(strange)) CHECK(!std::isfinite(got.at(of_x ? "d x" : "d y")[static_cast<std::size_t>(33 * e.d)]));
        const std::string found = s.program().first_not_finite();
        CHECK(found.starts_with(of_x ? "input 'x' [images, embed]" : "input 'y' [texts, embed]"));
        CHECK(found.ends_with(", row 33"));
      }
}

}  // namespace

TEST_CASE("NaN and infinity in one embedding reach the loss, and the input is named") {
  check_not_finite<clip>("clip");
  check_not_finite<hard>("hard negatives");
  check_not_finite<sigmoids>("sigmoids");
}

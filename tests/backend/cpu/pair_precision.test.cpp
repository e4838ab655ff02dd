// SPDX-License-Identifier: Apache-2.0
// Pair passes with bf16 products, against the arithmetic that they are permitted: in double over operands rounded beforehand, where the only freedom is how
// fp32 sums are rounded, and in double over the operands as they are. The same bits for every number of threads and every memory budget; no allocation.
#include "backend/cpu/pair_models.hpp"
#include "count_allocations.hpp"

#include <bit>

using namespace pair_models;

namespace {

constexpr precision precisions[] = {precision::fp32, precision::bf16_split, precision::bf16};
const std::string names[] = {"fp32", "bf16_split", "bf16"};

double to_bf16(double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  const std::uint32_t below = bits & 0xffffu, kept = bits & 0xffff0000u;
  return static_cast<double>(std::bit_cast<float>(below > 0x8000u || (below == 0x8000u && (bits & 0x10000u) != 0) ? kept + 0x10000u : kept));
}
std::vector<double> to_bf16(std::vector<double> v) {
  for (double& x : v) x = to_bf16(x);
  return v;
}

struct in_double {
  double loss = 0;
  std::vector<double> dx{}, dy{};        // with the vectors of the products rounded, where that is asked for
  std::vector<double> of_dx{}, of_dy{};  // sums of the sizes of what they are made of
};

/// CLIP (or the sigmoid objective) by its formulas, for similarities of xs and ys and gradients that multiply with xg and yg.
template <class Model>
in_double formulas(const embeddings& e, double s, const std::vector<double>& xs, const std::vector<double>& ys, const std::vector<double>& xg, const std::vector<double>& yg) {
  const auto n = static_cast<std::size_t>(e.n), d = static_cast<std::size_t>(e.d);  // as many texts
  const double anchors = static_cast<double>(n);
  std::vector<double> logits(n * n), g(n * n), row(n), column(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double dot = 0;
      for (std::size_t k = 0; k < d; ++k) dot += xs[i * d + k] * ys[j * d + k];
      logits[i * n + j] = s * dot;
      row[i] += std::exp(logits[i * n + j]);
      column[j] += std::exp(logits[i * n + j]);
    }
  in_double r;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const double l = logits[i * n + j];
      if constexpr (std::is_same_v<Model, clip>) {
        if (i == j) r.loss += (std::log(row[i]) + std::log(column[i]) - 2 * l) / (2 * anchors);
        g[i * n + j] = (std::exp(l) / row[i] + std::exp(l) / column[j]) / (2 * anchors) - (i == j ? 1 / anchors : 0);
      } else {
        const double z = i == j ? 10 - l : l - 10;
        r.loss += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
        g[i * n + j] = (i == j ? -1 : 1) / (1 + std::exp(-z)) / anchors;
      }
    }
  if constexpr (!std::is_same_v<Model, clip>) r.loss /= anchors;
  r.dx = r.of_dx = r.dy = r.of_dy = std::vector<double>(n * d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < d; ++k) {
        r.dx[i * d + k] += s * g[i * n + j] * yg[j * d + k];
        r.of_dx[i * d + k] += s * std::abs(g[i * n + j] * yg[j * d + k]);
        r.dy[j * d + k] += s * g[i * n + j] * xg[i * d + k];
        r.of_dy[j * d + k] += s * std::abs(g[i * n + j] * xg[i * d + k]);
      }
  return r;
}

/// The largest |got - expected| / (unit + share * size).
double worst(const std::vector<double>& got, const std::vector<double>& expected, const std::vector<double>& sizes, double unit, double share) {
  double most = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    const double error = std::abs(got[k] - expected[k]) / (unit + share * sizes[k]);
    if (!(error <= most)) most = std::isnan(error) ? INFINITY : error;
  }
  return most;
}

template <class Model>
void check(const std::string& what, rows kind, double s, precision pairs, std::int64_t width) {
  const embeddings e = drawn(kind, 300, 300, width);
  const auto got = results_of<Model, cpu_backend>(e, s, 2, pairs);
  const double n = static_cast<double>(e.n);
  const auto x = to_bf16(e.x), y = to_bf16(e.y);
  const auto forms = cpu::pair_forms_of(pairs, cpu::best_bf16_isa());
  const bool rounds_s = forms.similarity == cpu::product_form::plain, rounds_g = forms.gradient == cpu::product_form::plain;
  const double split = forms.similarity == cpu::product_form::split ? std::ldexp(s, -16) : 0;  // of a logit

  // The operands rounded as the form says: logits as exact as in fp32 (split: 2^-16), each gradient's G rounded to 2^-8 of itself.
  const auto same = formulas<Model>(e, s, rounds_s ? x : e.x, rounds_s ? y : e.y, rounds_g ? x : e.x, rounds_g ? y : e.y);
  const double fp32 = 1e-5 * s / n, g = rounds_g ? std::ldexp(1., -8) : 0;
  const double loss_same = std::abs(got.at("loss")[0] - same.loss) / (1e-5 * std::max(1.0, same.loss) + 2 * split);
  const double unit = std::max(fp32, 1e-6 * std::max(largest(same.dx), largest(same.dy))) + split * s / n;
  const double x_same = worst(got.at("d x"), same.dx, same.of_dx, unit, g), y_same = worst(got.at("d y"), same.dy, same.of_dy, unit, g);

  // The operands as they are: a logit of unit vectors is off by 2^-7 s at most and a loss by twice that; a gradient's term, where similarities are exact,
  // by 2^-8 for each factor.
  const auto exact = formulas<Model>(e, s, e.x, e.y, e.x, e.y);
  const double of_logit = rounds_s ? std::ldexp(s, -7) : split, logits_of_loss = std::is_same_v<Model, clip> ? 2 : n;
  const double loss_exact = std::abs(got.at("loss")[0] - exact.loss) / (1e-5 * std::max(1.0, exact.loss) + logits_of_loss * of_logit);
  const double share = 2 * g + 2 * split;
  const double x_exact = rounds_s ? 0 : worst(got.at("d x"), exact.dx, exact.of_dx, unit, share), y_exact = rounds_s ? 0 : worst(got.at("d y"), exact.dy, exact.of_dy, unit, share);
  if (std::getenv("AKIN_TEST_VERBOSE"))
    std::cout << what << " " << names[static_cast<int>(pairs)] << " s " << s << " rows " << static_cast<int>(kind) << ": loss " << loss_same << " " << loss_exact << " x " << x_same << " " << x_exact << " y "
              << y_same << " " << y_exact << "; loss off by " << std::abs(got.at("loss")[0] - exact.loss) << " of " << exact.loss << ", gradients by "
              << distance(got.at("d x"), exact.dx) * n / s << " s/n\n";
  CAPTURE(what);
  CAPTURE(names[static_cast<int>(pairs)]);
  CAPTURE(s);
  CHECK(loss_same <= 1);
  CHECK(loss_exact <= 1);
  CHECK(x_same <= 1);
  CHECK(y_same <= 1);
  CHECK(x_exact <= 1);
  CHECK(y_exact <= 1);
}

}  // namespace

TEST_CASE("losses and gradients are as far from double as the rounding of the operands says") {
  for (const precision pairs : precisions)
    for (const double s : {1.0, 14.3, 100.0, 140.0})
      for (const rows kind : {rows::random, rows::near_duplicates, rows::one_dominant})
        for (const std::int64_t width : {48, 136}) {  // tiles compute in fp32 from 128 on
          check<clip>("clip", kind, s, pairs, width);
          check<sigmoids>("sigmoids", kind, s, pairs, width);
        }
}

TEST_CASE("hard negatives: the reference backend given rounded operands") {
  for (const precision pairs : {precision::bf16_split, precision::bf16})
    for (const double s : {1.0, 14.3, 100.0}) {
      const embeddings e = drawn(rows::random, 200, 200, 48);
      embeddings rounded = e;
      const bool rounds_s = cpu::pair_forms_of(pairs, cpu::best_bf16_isa()).similarity == cpu::product_form::plain;
      if (rounds_s) rounded.x = to_bf16(e.x), rounded.y = to_bf16(e.y);
      const auto expected = results_of<hard, reference_backend>(rounded, s), got = results_of<hard, cpu_backend>(e, s, 2, pairs);
      const double split = 1.5 * std::ldexp(s, -16);
      CAPTURE(s);
      CHECK(std::abs(got.at("loss")[0] - expected.at("loss")[0]) <= 1e-5 * std::max(1.0, expected.at("loss")[0]) + 2 * split);
      // 2^-8 of each term, of which a row has s / n sum |G| |y|
      for (const char* name : {"d x", "d y"}) CHECK(distance(got.at(name), expected.at(name)) <= (std::ldexp(1., -8) + 2 * split) * std::max(s / 200, largest(expected.at(name))));
    }
}

namespace {

/// An embedding with its axes in the other order has a gradient whose width does not follow, beside one of which it does.
struct turned {
  static constexpr auto define(model& m) {
    return info_nce(dot(m.input<"x">(embed, images), m.input<"y">(texts, embed)) * exp(m.input<"t">()), paired(images, texts));
  }
};

template <class Model>
akin_test::results with_budget(const embeddings& e, int threads, precision pairs, std::int64_t budget) {
  akin_test::subject<Model, cpu_backend> s{std::tuple{threads, pairs}, e.at_scale(14.3), images(e.n), texts(e.m), embed(e.d)};
  s.program().pair_budget(budget);
  s.program().bind(images(e.n), texts(e.m), embed(e.d));
  s.lend();
  return s.run();
}

template <class Model>
void check_bits(const embeddings& e) {
  for (const precision pairs : precisions) {
    CAPTURE(names[static_cast<int>(pairs)]);
    const auto one = results_of<Model, cpu_backend>(e, 14.3, 1, pairs);
    for (const int threads : {2, 3, 8}) {
      CAPTURE(threads);
      CHECK(results_of<Model, cpu_backend>(e, 14.3, threads, pairs) == one);
    }
    CHECK(with_budget<Model>(e, 2, pairs, 0) == one);
    CHECK(with_budget<Model>(e, 3, pairs, std::int64_t{1} << 30) == one);
  }
}

}  // namespace

TEST_CASE("the bits depend neither on the number of threads nor on the memory budget") {
  for (const embeddings& e : {drawn(rows::random, 300, 333, 40), drawn(rows::random, 600, 530, 33)}) {
    check_bits<clip>(e);
    check_bits<sigmoids>(e);
    check_bits<turned>(e);
  }
  check_bits<hard>(drawn(rows::random, 300, 270, 64));
  check_bits<hard>(drawn(rows::random, 300, 270, 136));
  check_bits<clip>(drawn(rows::random, 2100, 2300, 130));
}

TEST_CASE("a product of rounded operands that tiles compute is not kept, any other is") {
  for (const precision pairs : precisions) {
    CAPTURE(names[static_cast<int>(pairs)]);
    parameters<clip> none;
    program<clip, cpu_backend> p{none, 1, pairs};
    p.bind(images(300), texts(300), embed(8));
    const auto bytes = p.bytes();
    p.pair_budget(0);
    p.bind(images(300), texts(300), embed(8));
    CHECK((p.bytes() < bytes) == !(pairs == precision::bf16 && cpu::best_bf16_isa() == cpu::bf16_isa::amx_bf16));
  }
}

TEST_CASE("bf16 is not fp32 where the processor is faster at it") {
  const embeddings e = drawn(rows::random, 100, 100, 40);
  const auto fp32 = results_of<clip, cpu_backend>(e, 14.3, 1, precision::fp32), split = results_of<clip, cpu_backend>(e, 14.3, 1, precision::bf16_split),
             bf16 = results_of<clip, cpu_backend>(e, 14.3, 1, precision::bf16);
  const bool faster = cpu::bf16_is_faster(cpu::best_bf16_isa());
  CHECK((bf16.at("loss") != fp32.at("loss")) == faster);
  CHECK((bf16.at("d x") != fp32.at("d x")) == faster);
  CHECK((split.at("d x") != fp32.at("d x")) == faster);
}

TEST_CASE("a step after bind allocates nothing, in every precision") {
  if (const auto reason = akin_test::uncounted(); !reason.empty()) {
    MESSAGE("skipped: ", reason);
    return;
  }
  const embeddings e = drawn(rows::random, 300, 333, 40);
  for (const precision pairs : precisions) {
    const auto check_allocations = [&](auto& s) {
      CHECK(akin_test::allocations_of([&] { s.forward(), s.program().backward(); }) == 0);
      s.program().bind(images(e.n), texts(e.m), embed(e.d));
      s.lend();
      CHECK(akin_test::allocations_of([&] { s.forward(), s.program().backward(); }) == 0);
    };
    akin_test::subject<clip, cpu_backend> a{std::tuple{2, pairs}, e.at_scale(14.3), images(e.n), texts(e.m), embed(e.d)};
    akin_test::subject<hard, cpu_backend> b{std::tuple{2, pairs}, e.at_scale(14.3), images(e.n), texts(e.m), embed(e.d)};
    akin_test::subject<turned, cpu_backend> c{std::tuple{2, pairs}, e.at_scale(14.3), images(e.n), texts(e.m), embed(e.d)};
    check_allocations(a);
    check_allocations(b);
    check_allocations(c);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Objectives made of cross entropies, against golden values: one direction, both, several positives, margins, masks, soft targets.
#include "loss/golden.hpp"

#include <limits>

using namespace akin;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct info_nce {
  static constexpr auto define(model& m) { return cross_entropy(logits(m), paired(images, texts), over(texts)); }
};
struct clip {
  static constexpr auto define(model& m) { return symmetric_cross_entropy(logits(m), paired(images, texts)); }
};
struct several_positives {
  static constexpr auto define(model& m) { return symmetric_cross_entropy(logits(m), same_id(m)); }
};
struct supervised_out {
  static constexpr auto define(model& m) { return cross_entropy(logits(m), same_id(m), over(texts)); }
};
struct siglip {
  static constexpr auto define(model& m) {
    const auto s = logits(m) + m.parameter<"bias">(initial::constant(0));
    return sum(softplus(where(predicate(m, paired(images, texts)), -s, s))) / count(m, images);
  }
};
struct n_pair {
  static constexpr auto define(model& m) { return cross_entropy(0.1 * dot(m.input<"x">(images, embed), m.input<"y">(texts, embed)), paired(images, texts), over(texts)); }
};
struct additive_margin {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    return cross_entropy(scale(m) * where(predicate(m, paired(images, texts)), c - 0.2, c), paired(images, texts), over(texts));
  }
};
struct decoupled {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto diagonal = predicate(m, paired(images, texts));
    return mean(log_sum_exp(where(diagonal, -infinity, s), over(texts)) - select(s, diagonal, over(texts)));
  }
};
struct supervised_in {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto positive = same_id(m);
    const auto number = sum(as_real(positive), over(texts));
    return mean(log_sum_exp(s, over(texts)) + log(number) - log_sum_exp(where(positive, s, -infinity), over(texts)));
  }
};
struct masked_false_negatives {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto diagonal = predicate(m, paired(images, texts));
    return symmetric_cross_entropy(where(same_id(m) && !diagonal, -infinity, s), diagonal);
  }
};
struct label_smoothing {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto target = 0.9 * as_real(predicate(m, paired(images, texts))) + 0.1 / count(m, images);
    return (mean(log_sum_exp(s, over(texts)) - sum(target * s, over(texts))) + mean(log_sum_exp(s, over(images)) - sum(target * s, over(images)))) / 2;
  }
};
struct distillation {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto teacher = 20 * dot(m.data<"p">(images, teacher_embed), m.data<"q">(texts, teacher_embed));
    const auto rows = sum(softmax(teacher, over(texts)) * s, over(texts));
    const auto columns = sum(softmax(teacher, over(images)) * s, over(images));
    return (mean(log_sum_exp(s, over(texts)) - rows) + mean(log_sum_exp(s, over(images)) - columns)) / 2;
  }
};
/// Negatives corrected for the share of hidden positives.
struct debiased {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    const auto t = scale(m);
    const auto diagonal = predicate(m, paired(images, texts));
    const auto number = count(m, texts) - 1;
    const auto positive = exp(select(s, diagonal, over(texts)));
    const auto negatives = sum(where(diagonal, 0, exp(s)), over(texts));
    const auto corrected = maximum((negatives - 0.1 * number * positive) / 0.9, number * exp(-t));
    return mean(log(positive + corrected) - log(positive));
  }
};
/// One set with itself: its own row is left out, and rows without a positive are left out of the mean.
struct supervised_self {
  static constexpr auto define(model& m) {
    const auto u = l2_normalize(m.input<"x">(images, embed));
    const auto itself = predicate(m, paired(images, texts));
    const auto s = where(itself, -infinity, dot(u, rename(u, images, texts)) * scale(m));
    return cross_entropy(s, same_id(m) && !itself, over(texts));
  }
};

TEST_CASE("the reference backend gives PyTorch's values and gradients") {
  akin_test::check_reference<info_nce>("info_nce");
  akin_test::check_reference<clip>("clip");
  akin_test::check_reference<several_positives>("several_positives");
  akin_test::check_reference<supervised_out>("supervised_out");
  akin_test::check_reference<supervised_in>("supervised_in");
  akin_test::check_reference<supervised_self>("supervised_self");
  akin_test::check_reference<siglip>("siglip");
  akin_test::check_reference<n_pair>("n_pair");
  akin_test::check_reference<additive_margin>("additive_margin");
  akin_test::check_reference<decoupled>("decoupled");
  akin_test::check_reference<masked_false_negatives>("masked_false_negatives");
  akin_test::check_reference<label_smoothing>("label_smoothing");
  akin_test::check_reference<distillation>("distillation");
  akin_test::check_reference<debiased>("debiased");
}

TEST_CASE("the cpu backend, fused") {
  akin_test::check_fused<clip>("clip");
  akin_test::check_fused<several_positives>("several_positives");
  akin_test::check_fused<siglip>("siglip");
  akin_test::check_fused<masked_false_negatives>("masked_false_negatives");
  akin_test::check_fused<distillation>("distillation");
  akin_test::check_fused<supervised_self>("supervised_self");
}

TEST_CASE("an anchor without a positive is left out of the mean; none at all is a loss of 0") {
  const auto fill = [](std::string_view name, std::int64_t k, double drawn) { return name == "ids" ? static_cast<double>(100 + k) : drawn; };
  akin_test::subject<supervised_self, reference_backend> s{fill, images(5), texts(5), embed(3)};
  const auto got = s.run();
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(15, 0.0));
}

TEST_CASE("shifting all logits changes nothing") {
  akin_test::subject<n_pair, reference_backend> s{akin_test::ordinary, images(6), texts(6), embed(4)};
  const double before = s.forward();
  // x_i + c for one c shifts each column's logits; rows of y that agree in <c, y_j> shift all alike.
  for (std::size_t j = 0; j < 6; ++j) s.reals["y"][j * 4 + 3] = 1;
  const double aligned = s.forward();
  for (std::size_t i = 0; i < 6; ++i) s.reals["x"][i * 4 + 3] += 50;
  CHECK(s.forward() == doctest::Approx(aligned).epsilon(1e-12));
  CHECK(before != aligned);
}

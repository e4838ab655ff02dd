// SPDX-License-Identifier: Apache-2.0
// Soft targets: distillation from a teacher's embeddings, label smoothing, any distribution; golden values, every similarity.
#include "loss/golden.hpp"

using namespace akin;

constexpr auto teacher(model& m) { return 20 * dot(m.data<"p">(images, teacher_embed), m.data<"q">(texts, teacher_embed)); }
struct distilled {
  static constexpr auto define(model& m) { return distillation(logits(m), teacher(m)); }
};
struct smoothed {
  static constexpr auto define(model& m) {
    const auto s = logits(m);
    return both_ways(s, [&](auto candidates) { return label_smoothing(s, own, candidates, 0.1); });
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<distilled>("distillation");
  akin_test::check_golden<smoothed>("label_smoothing");
}

/// Targets that are a function of the pair: neighbours share half of the weight.
template <class Similarity>
struct soft_targets {
  static constexpr auto define(model& m) {
    const auto s = Similarity::of(m);
    const auto i = as_real(position(m, images));
    const auto j = as_real(position(m, texts));
    const auto nearness = exp(-0.7 * abs(broadcast(i, texts) - j));
    return cross_entropy(s, nearness / sum(nearness, over(texts)), over(texts)) + label_smoothing(s, same_of_two(m), over(texts), 0.2);
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") {
  for (const std::array<int, 3>& nmd : {std::array{5, 7, 3}, std::array{40, 33, 4}, std::array{1, 1, 3}, std::array{1, 6, 2}, std::array{6, 1, 2}}) {
    const double tolerance = nmd[1] == 1 ? 1e-2 : 1e-5;  // the loss of one candidate is the rounding of 0
    akin_test::check_cpu<soft_targets<akin_test::by_dot>>(akin_test::with_ids, tolerance, images(nmd[0]), texts(nmd[1]), embed(nmd[2]));
    akin_test::check_cpu<soft_targets<akin_test::by_cosine>>(akin_test::with_ids, tolerance, images(nmd[0]), texts(nmd[1]), embed(nmd[2]));
    akin_test::check_cpu<soft_targets<akin_test::by_squared_distance>>(akin_test::with_ids, tolerance, images(nmd[0]), texts(nmd[1]), embed(nmd[2]));
    akin_test::check_cpu<soft_targets<akin_test::by_distance>>(akin_test::with_ids, tolerance, images(nmd[0]), texts(nmd[1]), embed(nmd[2]));
  }
  akin_test::check_gradients<soft_targets<akin_test::by_distance>>(akin_test::with_ids, images(5), texts(4), embed(3));
}

/// A student that repeats its teacher.
struct repeats {
  static constexpr auto define(model& m) {
    const auto s = akin_test::by_dot::of(m);
    return distillation(s, s, over(texts));
  }
};

TEST_CASE("a student that repeats its teacher has no gradient, and the teacher never has one") {
  const auto got = akin_test::finite_results<repeats>(akin_test::ordinary, images(5), texts(4), embed(3));
  CHECK(akin_test::difference(got.at("d x"), std::vector<double>(15, 0.0), 1) < 1e-14);
}

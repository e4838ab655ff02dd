// SPDX-License-Identifier: Apache-2.0
// Supervised contrastive objectives across two sets and within one; N-pair: golden values, every similarity, anchors without a positive.
#include "loss/golden.hpp"

using namespace akin;

struct l_out {
  static constexpr auto define(model& m) { return supervised_out(logits(m), same_id(m), over(texts)); }
};
struct l_in {
  static constexpr auto define(model& m) { return supervised_in(logits(m), same_id(m), over(texts)); }
};
/// One set with itself: a row is not its own candidate, and rows without a positive are left out of the mean.
struct one_set {
  static constexpr auto define(model& m) {
    const auto x = x_of(m);
    const auto itself = predicate(m, own);
    const auto s = cosine(x, rename(x, images, texts)) * scale(m);
    return supervised_out(without(s, itself), same_id(m) && !itself, over(texts));
  }
};

TEST_CASE("golden values") {
  akin_test::check_golden<l_out>("supervised_out");
  akin_test::check_golden<l_in>("supervised_in");
  akin_test::check_golden<one_set>("supervised_self");
}

template <class Similarity>
struct both_kinds {
  static constexpr auto define(model& m) {
    const auto s = Similarity::of(m);
    const auto positive = same_of_two(m);
    const auto out = supervised_out(s, positive, over(texts));
    const auto in = supervised_in(s, positive, over(texts));
    m.output<"out">(out), m.output<"in">(in);
    return out + 2 * in;
  }
};

TEST_CASE("every similarity, more rows than columns and fewer") { akin_test::check_similarities<both_kinds>(); }

TEST_CASE("the mean inside of the logarithm is never larger") {
  const auto got = akin_test::finite_results<both_kinds<akin_test::by_dot>>(akin_test::with_ids, images(9), texts(8), embed(3));
  CHECK(got.at("in")[0] < got.at("out")[0]);
}

TEST_CASE("ids that all differ: no positive, a loss of 0 and no gradient") {
  const auto apart = [](std::string_view name, std::int64_t k, double drawn) { return name == "ids" ? static_cast<double>(100 + k) : drawn; };
  const auto got = akin_test::finite_results<one_set>(apart, images(5), texts(5), embed(3));
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(15, 0.0));
  CHECK(akin_test::finite_results<both_kinds<akin_test::by_cosine>>(apart, images(5), texts(4), embed(3)).at("in")[0] == 0);
}

// SPDX-License-Identifier: Apache-2.0
// Similarities and the objectives made of them: distances, margins, alignment and uniformity, against golden values.
#include "loss/golden.hpp"

#include <limits>

using namespace akin;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct euclidean_nce {
  static constexpr auto define(model& m) {
    const auto d = squared_distance(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    return cross_entropy(-scale(m) / count(m, embed) * d, paired(images, texts), over(texts));
  }
};
struct alignment {
  static constexpr auto define(model& m) {
    const auto u = l2_normalize(m.input<"x">(images, embed));
    const auto v = l2_normalize(rename(m.input<"y">(texts, embed), texts, images));
    return mean(sum(square(u - v), over(embed)));
  }
};
struct uniformity {
  static constexpr auto define(model& m) {
    const auto u = l2_normalize(m.input<"x">(images, embed));
    const auto d = squared_distance(u, rename(u, images, texts));
    const auto n = count(m, images);
    return log(sum(where(predicate(m, paired(images, texts)), 0, exp(-2 * d))) / (n * (n - 1)));
  }
};
struct hinge_sum {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    const auto own = predicate(m, paired(images, texts));
    const auto for_images = select(c, own, over(texts));
    const auto for_texts = select(c, own, over(images));
    return (sum(where(own, 0, relu(0.2 + c - for_images))) + sum(where(own, 0, relu(0.2 + c - for_texts)))) / count(m, images);
  }
};
struct hinge_hardest {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    const auto own = predicate(m, paired(images, texts));
    const auto negative = where(own, -infinity, c);
    return (sum(relu(0.2 + max(negative, over(texts)) - select(c, own, over(texts)))) + sum(relu(0.2 + max(negative, over(images)) - select(c, own, over(images))))) / count(m, images);
  }
};
struct triplet_hardest {
  static constexpr auto define(model& m) {
    const auto d = euclidean_distance(l2_normalize(m.input<"x">(images, embed)), l2_normalize(m.input<"y">(texts, embed)));
    const auto own = predicate(m, paired(images, texts));
    return mean(relu(select(d, own, over(texts)) - min(where(own, infinity, d), over(texts)) + 0.2));
  }
};
struct angular_margin {
  static constexpr auto define(model& m) {
    const auto c = cosines(m);
    const auto own = predicate(m, paired(images, texts));
    const auto moved = cos(acos(select(c, own, over(texts))) + 0.3);
    return cross_entropy(scale(m) * where(own, moved, c), own, over(texts));
  }
};

/// Points that coincide.
struct distances {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
    return sum(euclidean_distance(x, y)) + sum(squared_distance(x, y));
  }
};

TEST_CASE("the reference backend gives PyTorch's values and gradients") {
  akin_test::check_reference<euclidean_nce>("euclidean_nce");
  akin_test::check_reference<alignment>("alignment");
  akin_test::check_reference<uniformity>("uniformity");
  akin_test::check_reference<hinge_sum>("hinge_sum");
  akin_test::check_reference<hinge_hardest>("hinge_hardest");
  akin_test::check_reference<triplet_hardest>("triplet_hardest");
  akin_test::check_reference<angular_margin>("angular_margin");
}

TEST_CASE("the cpu backend, fused") {
  akin_test::check_fused<euclidean_nce>("euclidean_nce");
  akin_test::check_fused<uniformity>("uniformity");
  akin_test::check_fused<hinge_sum>("hinge_sum");
  akin_test::check_fused<hinge_hardest>("hinge_hardest");
  akin_test::check_fused<angular_margin>("angular_margin");
}

TEST_CASE("the distance of a point to itself is 0, with gradient 0") {
  const auto got = akin_test::subject<distances, reference_backend>{[](std::string_view, std::int64_t k, double) { return static_cast<double>(k + 1); }, images(1), texts(1), embed(3)}.run();
  CHECK(got.at("loss")[0] == 0);
  CHECK(got.at("d x") == std::vector<double>(3, 0.0));
  akin_test::check_gradients<distances>(akin_test::ordinary, images(3), texts(2), embed(4));
}

// SPDX-License-Identifier: Apache-2.0
// Values of things with things, as attention's scores are, in forms that no layer of the library has: what is cut into strips and multiplied again gives what
// the reference gives, which does neither.
#include "check_model.hpp"

#include <cmath>
#include <cstdint>

using namespace akin;
using akin_test::ordinary;
using akin_test::tested_backend;

namespace {

inline constexpr struct images : batch<"images"> {} images;
inline constexpr struct texts : batch<"texts"> {} texts;
inline constexpr struct regions : axis<"regions"> {} regions;
inline constexpr struct others : second_axis<"others", struct regions> {} others;
inline constexpr struct width : axis<"width"> {} width;
inline constexpr struct layers : axis<"layers"> {} layers;

constexpr auto input_of(model& m) { return m.input<"x">(images, regions, width); }
constexpr auto others_of(auto x) { return rename(x, regions, others); }
constexpr auto scores_of(auto x) { return dot(x, others_of(x), over(width)); }
constexpr auto result_of(auto y) { return sum(y * tanh(y)); }

// No softmax, and a parameter whose gradient is a sum over all scores.
struct sigmoid_attention {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      return x + 0.1 * dot(sigmoid(scores_of(x) * m.parameter<"scale">(initial::constant(1))), others_of(x), over(others));
    }));
  }
};
// Cosines with a temperature, then a mask; the second's scores come from the first.
struct two_in_a_block {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      const auto cosines = scores_of(l2_normalize(x, over(width)));
      const auto y = x + dot(softmax(cosines * exp(m.parameter<"t">(initial::constant(1))), over(others)), others_of(x), over(others));
      const auto visible = where(at_most(position(m, others), position(m, regions)), scores_of(y), -3);
      return (y + dot(softmax(visible, over(others)), others_of(tanh(y)), over(others))) * 0.5;
    }));
  }
};
struct two_in_a_checkpointed_block {
  static constexpr auto define(model& m) {
    const auto guard = m.checkpoint_blocks();
    return two_in_a_block::define(m);
  }
};
// Weights that are dropped, by an element's place in the whole: in strips, in the gradient that computes them again, and where other axes stand around it.
struct dropped {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [&](auto x) {
      const auto share = dropout(softmax(scores_of(x), over(others)), 0.3);
      return x + dot(share, others_of(x), over(others)) * dropout(m.parameter<"gain">(initial::constant(1), width), 0.2);
    }));
  }
};
// Who is asked comes before who asks.
struct turned {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      return x + 0.3 * dot(softmax(dot(others_of(x), x, over(width)), over(others)), others_of(x), over(others));
    }));
  }
};
// Means over the images, which no strip of them has.
struct read_outside_of_strips {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      const auto share = softmax(scores_of(x) - mean(scores_of(x), over(images)), over(others));
      return x + 0.3 * dot(share, others_of(x), over(others)) + 0.1 * mean(share, over(others));
    }));
  }
};
struct without_examples {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", m.input<"x">(regions, width), [](auto x) {
      return x + 0.3 * dot(softmax(scores_of(x), over(others)), others_of(x), over(others));
    }));
  }
};
// Not in a repeat, and kept for whoever reads the output.
struct outside_of_a_repeat {
  static constexpr auto define(model& m) {
    const auto x = input_of(m);
    const auto share = softmax(scores_of(x) * m.parameter<"t">(initial::constant(1)), over(others));
    m.output<"share">(share);
    const auto y = x + dot(share, others_of(x), over(others));
    return result_of(y + dot(softmax(scores_of(y), over(others)), others_of(y), over(others))) + sum(share * share);
  }
};

// Whoever looks for the product behind them meets some of these values on many ways.
struct polynomial {
  static constexpr auto define(model& m) {
    return result_of(repeat(m, layers, "block", input_of(m), [](auto x) {
      auto share = scores_of(x) * 0.1;
      for (int k = 0; k < 20; ++k) share = 0.1 * share * share + 0.8 * share;
      return x + dot(share, others_of(x), over(others));
    }));
  }
};
// A pass over pairs waits for scores, and scores for the pass.
struct pairs_between {
  static constexpr auto define(model& m) {
    const auto scores = scores_of(input_of(m));
    const auto logits = dot(m.input<"f">(images, width), m.input<"g">(texts, width)) * (sum(scores, over(regions, others)) * 0.05);
    return sum(tanh(scores) * tanh(log_sum_exp(logits, over(texts))));
  }
};

template <class Model, class... Given>
void agrees(const Given&... given) {
  akin_test::check_gradients<Model>(ordinary, given(3, 4, 3, 2)...);
  akin_test::check_cpu<Model>(ordinary, 1e-4, given(5, 7, 4, 3)...);
}

constexpr auto of_images = [](int n, int, int, int) { return images(n); };
constexpr auto of_regions = [](int, int n, int, int) { return regions(n); };
constexpr auto of_width = [](int, int, int n, int) { return width(n); };
constexpr auto of_layers = [](int, int, int, int n) { return layers(n); };

template <class Model>
std::int64_t bytes_for(int examples) {
  parameters<Model> weights;
  program<Model, tested_backend> p{weights};
  p.bind(images(examples), regions(600), width(2), layers(2));
  return p.bytes();
}

}  // namespace

TEST_CASE("attention of one's own: gradients are those of central differences, and the backends agree") {
  agrees<sigmoid_attention>(of_images, of_regions, of_width, of_layers);
  agrees<two_in_a_block>(of_images, of_regions, of_width, of_layers);
  agrees<two_in_a_checkpointed_block>(of_images, of_regions, of_width, of_layers);
  agrees<dropped>(of_images, of_regions, of_width, of_layers);
  agrees<turned>(of_images, of_regions, of_width, of_layers);
  agrees<read_outside_of_strips>(of_images, of_regions, of_width, of_layers);
  agrees<without_examples>(of_regions, of_width, of_layers);
  agrees<polynomial>(of_images, of_regions, of_width, of_layers);
  agrees<outside_of_a_repeat>(of_images, of_regions, of_width);
}

TEST_CASE("blocks that run again and blocks with dropout have room for one strip of their scores") {
  constexpr std::int64_t scores = std::int64_t{256} * 600 * 600 * 4;
  CHECK(bytes_for<two_in_a_checkpointed_block>(512) - bytes_for<two_in_a_checkpointed_block>(256) < scores / 10);
  CHECK(bytes_for<dropped>(512) - bytes_for<dropped>(256) < scores / 10);
}

TEST_CASE("a pass over pairs is not cut with scores") {
  akin_test::check_cpu<pairs_between>(ordinary, 1e-3, images(3000), texts(300), regions(2), width(3));
}

TEST_CASE("sums over scores go on from strip to strip") {
  // Of one image two values take more than half of a strip's room.
  const auto of_strip = static_cast<std::int64_t>(std::sqrt(static_cast<double>(akin_test::tested_backend::strip_bytes) / (3.5 * sizeof(float))));
  akin_test::subject<sigmoid_attention, akin_test::tested_backend> s{ordinary, images(2), regions(of_strip), width(2), layers(1)};
  CHECK(s.program().explain().find("in strips of 1 images:") != std::string::npos);
  akin_test::check_cpu<sigmoid_attention>(ordinary, 2e-4, images(2), regions(of_strip), width(2), layers(1));
  akin_test::check_cpu<dropped>(ordinary, 2e-4, images(2), regions(of_strip), width(2), layers(1));
}

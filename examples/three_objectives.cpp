// SPDX-License-Identifier: Apache-2.0
// Three objectives that are in no library, each an expression: docs/how_to/objective.md says what each is for.
#include <akin/akin.hpp>
#include <akin/graph/gradient_check.hpp>

#include <cmath>
#include <iostream>
#include <string_view>
#include <vector>

inline constexpr struct frames : akin::batch<"frames"> {} frames;
inline constexpr struct captions : akin::batch<"captions"> {} captions;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

constexpr auto similarities(akin::model& m) { return cosine(m.input<"x">(frames, embed), m.input<"y">(captions, embed)); }

/// Frames of one film in their order: captions of near moments are positives too, the less the farther.
struct neighbours {
  static constexpr auto define(akin::model& m) {
    const auto i = as_real(position(m, frames));
    const auto j = as_real(position(m, captions));
    const auto nearness = exp(-abs(broadcast(i, captions) - j) / 2);  // [frames, captions]
    const auto targets = nearness / sum(nearness, over(captions));
    return cross_entropy(similarities(m) * akin::learnable_temperature(m), targets, over(captions));
  }
};

/// What is found already counts little: InfoNCE weighted by the square of the probability that is still missing.
struct focal {
  static constexpr auto define(akin::model& m) {
    const auto s = similarities(m) * akin::learnable_temperature(m);
    const auto log_probability = select(s, paired(frames, captions)) - log_sum_exp(s, over(captions));  // [frames]
    return mean(square(1 - exp(log_probability)) * -log_probability);
  }
};

/// The positive shall stand three standard deviations above the mean of the negatives, whatever the scale of the similarity.
struct standing_out {
  static constexpr auto define(akin::model& m) {
    const auto s = similarities(m);
    const auto own = predicate(m, paired(frames, captions));
    const auto negative = where(own, 0, s);
    const auto others = count(m, captions) - 1;
    const auto average = sum(negative, over(captions)) / others;                               // [frames]
    const auto variance = sum(where(own, 0, square(s - average)), over(captions)) / others;    // [frames]
    const auto distance = (select(s, paired(frames, captions)) - average) / sqrt(variance + 1e-4);
    return mean(softplus(3 - distance));
  }
};

template <class Objective>
bool show(std::string_view name) {
  const std::int64_t n = 10, d = 6;
  std::cout << name << "\n";
  bool sound = true;
  for (const auto& e : akin::gradient_check<Objective>(frames(n), captions(n), embed(d))) {
    std::cout << "  gradient of " << e.name << " differs from central differences by " << e.error << "\n";
    sound = sound && e.error < 1e-7;
  }
  akin::parameters<Objective> weights;
  akin::program<Objective, akin::cpu_backend> program{weights};
  program.bind(frames(n), captions(n), embed(d));
  akin::random_stream random{1, 1};
  std::vector<float> x(n * d), y(n * d);
  for (float& v : x) v = static_cast<float>(random.normal());
  for (float& v : y) v = static_cast<float>(random.normal());
  program.template set<"x">(x);
  program.template set<"y">(y);
  const float loss = program.forward();
  program.backward();
  std::cout << "  loss " << loss << "; " << program.explain();
  return sound && std::isfinite(loss);
}

int main() {
  const bool first = show<neighbours>("neighbours"), second = show<focal>("focal"), third = show<standing_out>("standing out");
  return first && second && third ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
// The plan: pair passes, fusion, dead nodes, the order of steps. Plans are constexpr values: nothing runs here.
#include "graph/models.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace akin;

namespace {

template <class Model>
constexpr const plan& fused = detail::plan_of<Model, mode::training, true>;
template <class Model>
constexpr const plan& unfused = detail::plan_of<Model, mode::training, false>;

struct one_chain {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto dead = tanh(x * 17);
    (void)dead;
    return sum(exp(x) * x + 2);
  }
};

// A row sum that every entry of its row needs again: two maps at least.
struct two_levels {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    return sum(x * sum(x * x, over(embed)));
  }
};

struct triplet {
  static constexpr auto define(model& m) {
    const auto c = logits(m);
    const auto own = select(c, paired(images, texts));
    const auto hardest = max(where(predicate(m, paired(images, texts)), -1e30, c), over(texts));
    return mean(relu(hardest - own + 0.2));
  }
};

// Back to the first order of axes: what was grouped with the first map must not wait for the second.
struct turns_twice {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(embed, pixels);
    const auto u = m.input<"u">(pixels, embed);
    return sum(x * 2 + (u + exp(x)));
  }
};

// Through another shape and back.
struct splits_and_merges {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto s = split(exp(x), embed, layers, steps) * m.parameter<"w">(initial::constant(2), steps);
    return sum(merge(s, layers, steps, embed) * exp(x));
  }
};

struct keeps_pairs {
  static constexpr auto define(model& m) { return logits(m); }
};
struct reads_pairs {
  static constexpr auto define(model& m) { return sum(logits(m) * m.data<"teacher">(images, texts)); }
};
struct renames_pairs {
  static constexpr auto define(model& m) { return sum(rename(logits(m), texts, embed)); }
};
struct drops_pairs {
  static constexpr auto define(model& m) { return sum(dropout(logits(m), 0.5)); }
};
struct multiplies_pairs {
  static constexpr auto define(model& m) { return sum(dot(logits(m), logits(m), over(texts))); }
};
template <class Model>
void check_order(const plan& p, const model& m) {
  // Every operand of a step was produced by an earlier step of its region, or by another region.
  for (int k = 0; k < p.step_count; ++k) {
    const plan_step& s = p.steps[static_cast<std::size_t>(k)];
    const auto read = [&](int n) {
      n = home_of(m, n);
      const int producer = p.producer[static_cast<std::size_t>(n)] - 1;
      if (producer >= 0 && p.steps[static_cast<std::size_t>(producer)].region == s.region) CHECK(producer < k);
      if (producer < 0) {
        const auto plays = m.at(n).op->plays;
        const bool is_leaf = plays == role::leaf;
        CHECK(is_leaf);
      }
    };
    if (s.kind == step_kind::kernel || s.kind == step_kind::repeat) {
      for (int i : m.at(s.node).in)
        if (i >= 0) read(i);
      continue;
    }
    for (int o = s.operand; o < s.operand + s.operand_count; ++o) {
      const plan_operand& x = p.operands[static_cast<std::size_t>(o)];
      if (x.kind == operand_kind::product) read(m.at(x.node).in[0]), read(m.at(x.node).in[1]);
      else if (x.node >= 0) read(x.node);
    }
  }
}

template <class Model>
std::multiset<int> values_made(const plan& p) {
  std::multiset<int> all;
  for (int k = 0; k < p.step_count; ++k) {
    const plan_step& s = p.steps[static_cast<std::size_t>(k)];
    if (s.kind == step_kind::kernel || s.kind == step_kind::repeat) all.insert(s.node);
    else
      for (int i = s.sink; i < s.sink + s.sink_count; ++i) all.insert(p.sinks[static_cast<std::size_t>(i)].node);
  }
  return all;
}

/// More results than one pass may have.
struct many_sums {
  template <int K>
  static constexpr auto one(expr<real, axes<struct images, struct texts>> s) {
    return sum(square(sum(exp(s * (0.1 * K)), over(texts)))) + sum(square(sum(tanh(s * (0.1 * K)), over(images))));
  }
  static constexpr auto define(model& m) {
    const auto s = dot(m.input<"x">(images, embed), m.input<"y">(texts, embed));
    return one<1>(s) + one<2>(s) + one<3>(s) + one<4>(s) + one<5>(s) + one<6>(s) + one<7>(s) + one<8>(s);
  }
};

}  // namespace

TEST_CASE("pair passes: two for CLIP, one for one direction and for the sigmoid loss, with its gradient") {
  CHECK(fused<clip_loss>.pair_passes == 2);
  CHECK(fused<info_nce_loss>.pair_passes == 1);
  CHECK(fused<sigmoid_loss>.pair_passes == 1);
  CHECK(fused<triplet>.pair_passes == 1);  // the maximum, how many attain it, the gradient: strip by strip
  CHECK(unfused<clip_loss>.pair_passes == 0);
  CHECK(fused<many_sums>.pair_passes == 3);  // 16 sums are too many for one pass; the gradient
  for (int k = 0; k < fused<many_sums>.step_count; ++k) CHECK(fused<many_sums>.steps[static_cast<std::size_t>(k)].sink_count <= max_results_of_step);
  // The sigmoid loss makes its value and both gradients in the one pass.
  for (int k = 0; k < fused<sigmoid_loss>.step_count; ++k) {
    const plan_step& s = fused<sigmoid_loss>.steps[static_cast<std::size_t>(k)];
    if (s.kind != step_kind::pairs) continue;
    int contractions = 0;
    for (int i = s.sink; i < s.sink + s.sink_count; ++i) contractions += fused<sigmoid_loss>.sinks[static_cast<std::size_t>(i)].kind == sink_kind::contract ? 1 : 0;
    CHECK(contractions == 2);
    CHECK(s.product_count == 1);
  }
}

TEST_CASE("nothing with two batch axes is stored by a fused plan") {
  const auto check = [](const plan& p, const model& m) {
    for (int n = 0; n < m.size; ++n)
      if (batch_axes(m, m.at(n).axes) >= 2) CHECK(p.producer[static_cast<std::size_t>(n)] == 0);
  };
  check(fused<clip_loss>, full_graph<clip_loss, mode::training>);
  check(fused<triplet>, full_graph<triplet, mode::training>);
}

TEST_CASE("one chain is one step, and a dead node is none") {
  const plan& p = fused<one_chain>;
  const model& m = full_graph<one_chain, mode::training>;
  CHECK(p.forward_steps == 1);
  for (int n = 0; n < m.size; ++n)
    if (m.at(n).op == &tanh_op) {
      CHECK(!p.live[static_cast<std::size_t>(n)]);
      CHECK(p.producer[static_cast<std::size_t>(n)] == 0);
    }
  for (int k = 0; k < p.tape_size; ++k) CHECK(p.tape[static_cast<std::size_t>(k)].code != scalar::tanh);
  CHECK(unfused<one_chain>.forward_steps >= 3);
}

TEST_CASE("a chain computes a shared subexpression once") {
  const plan& p = fused<one_chain>;
  int exponentials = 0;
  const plan_step& s = p.steps[0];
  for (int t = s.tape; t < s.tape + s.tape_size; ++t) exponentials += p.tape[static_cast<std::size_t>(t)].code == scalar::exp ? 1 : 0;
  CHECK(exponentials == 1);
}

TEST_CASE("a reduction that its own rows need again separates two steps") { CHECK(fused<two_levels>.forward_steps == 2); }

TEST_CASE("steps stand in an order in which every operand is there, and every value is made once") {
  check_order<clip_loss>(fused<clip_loss>, full_graph<clip_loss, mode::training>);
  check_order<clip_loss>(unfused<clip_loss>, full_graph<clip_loss, mode::training>);
  check_order<triplet>(fused<triplet>, full_graph<triplet, mode::training>);
  check_order<turns_twice>(fused<turns_twice>, full_graph<turns_twice, mode::training>);
  check_order<splits_and_merges>(fused<splits_and_merges>, full_graph<splits_and_merges, mode::training>);
  check_order<info_nce_loss>(fused<info_nce_loss>, full_graph<info_nce_loss, mode::training>);
  check_order<sigmoid_loss>(fused<sigmoid_loss>, full_graph<sigmoid_loss, mode::training>);
  CHECK(fused<turns_twice>.found == mistake::none);
  CHECK(fused<splits_and_merges>.found == mistake::none);
  check_order<deep_model>(fused<deep_model>, full_graph<deep_model, mode::training>);
  check_order<deep_model>(unfused<deep_model>, full_graph<deep_model, mode::training>);
  for (const auto& made : {values_made<clip_loss>(fused<clip_loss>), values_made<deep_model>(fused<deep_model>), values_made<deep_model>(unfused<deep_model>)})
    for (int n : made) CHECK(made.count(n) == 1);
}

TEST_CASE("tapes read lines above themselves") {
  const plan& p = fused<clip_loss>;
  for (int k = 0; k < p.step_count; ++k) {
    const plan_step& s = p.steps[static_cast<std::size_t>(k)];
    for (int t = 0; t < s.tape_size; ++t) {
      const scalar_step& line = p.tape[static_cast<std::size_t>(s.tape + t)];
      if (line.code == scalar::operand) CHECK(line.a < s.operand_count);
      else CHECK((line.a < t && line.b < t && line.c < t));
    }
  }
}

TEST_CASE("the forward part is only what the result needs") {
  // Sums for the gradient of the temperature are made in the last pass, behind the forward part.
  CHECK(fused<clip_loss>.forward_steps < fused<clip_loss>.step_count);
  int forward_passes = 0;
  for (int k = 0; k < fused<clip_loss>.forward_steps; ++k) forward_passes += fused<clip_loss>.steps[static_cast<std::size_t>(k)].kind == step_kind::pairs ? 1 : 0;
  CHECK(forward_passes == 1);
}

TEST_CASE("pair values that no tile can hold are mistakes of the fused plan only") {
  CHECK(detail::plan_of<keeps_pairs, mode::evaluation, true>.found == mistake::pair_is_output);
  CHECK(detail::plan_of<keeps_pairs, mode::evaluation, false>.found == mistake::none);
  CHECK(fused<reads_pairs>.found == mistake::pair_not_fusable);
  CHECK(unfused<reads_pairs>.found == mistake::none);
  CHECK(fused<renames_pairs>.found == mistake::pair_not_fusable);
  CHECK(fused<drops_pairs>.found == mistake::pair_not_fusable);
  CHECK(fused<multiplies_pairs>.found == mistake::pair_not_fusable);
  CHECK(fused<clip_loss>.found == mistake::none);
}

// SPDX-License-Identifier: Apache-2.0
// The graph: equal nodes are appended once, simplifications, what the gradient appends.
#include "graph/models.hpp"

#include <doctest/doctest.h>

using namespace akin;

namespace {

int count_of(const model& m, const operation& op) {
  int n = 0;
  for (int k = 0; k < m.size; ++k) n += m.at(k).op == &op ? 1 : 0;
  return n;
}

// Laws of put(), as the compiler sees them.
constexpr bool equal_nodes_are_one() {
  model m;
  const auto x = m.input<"x">(images, embed);
  const int before = m.size;
  const auto a = exp(x) + 1, b = exp(x) + 1;
  const auto c = x * 2, d = x * 3;  // differ in a constant only
  return a.id == b.id && c.id != d.id && m.size == before + 7;  // exp, 1, +, 2, *, 3, *
}
static_assert(equal_nodes_are_one());

constexpr bool axes_and_arguments_tell_nodes_apart() {
  model m;
  const auto x = m.input<"x">(images, embed, pixels);
  return take(x, embed, 0).id != take(x, embed, 1).id && sum(x, over(embed)).id != sum(x, over(pixels)).id && sum(x, over(embed)).id == sum(x, over(embed)).id &&
         max(x, over(embed)).id != min(x, over(embed)).id;
}
static_assert(axes_and_arguments_tell_nodes_apart());

constexpr bool neutral_elements_append_nothing() {
  model m;
  const auto x = m.input<"x">(images, embed);
  return (x + 0).id == x.id && (0 + x).id == x.id && (x - 0).id == x.id && (1 * x).id == x.id && (x / 1).id == x.id && (-(-x)).id == x.id && (x - (-x)).id == (x + x).id &&
         (-1 * x).id == (-x).id && (0 - x).id == (-x).id && (x / 4).id == (x * 0.25).id;
}
static_assert(neutral_elements_append_nothing());

constexpr bool zeros_have_the_axes_of_their_type() {
  model m;
  const auto x = m.input<"x">(images, embed);
  return m.at((x * 0).id).axes == m.at(x.id).axes && m.at((0 / x).id).axes == m.at(x.id).axes && m.at((0 * x).id).axes == m.at(x.id).axes;
}
static_assert(zeros_have_the_axes_of_their_type());

constexpr std::string_view name_of(const model& m, int n) {
  const named_value& v = m.names[m.at(n).name];
  return m.text_at(v.text_begin, v.text_size);
}

constexpr bool scopes_prefix_parameters_and_not_inputs() {
  model m;
  const auto outer = m.scope("visual");
  const auto inner = m.scope("proj");
  const auto w = m.parameter<"weight">(initial::constant(0), embed);
  const auto x = m.input<"x">(embed);
  return name_of(m, w.id) == "visual.proj.weight" && name_of(m, x.id) == "x" && m.parameter<"weight">(initial::constant(0), embed).id == w.id;
}
static_assert(scopes_prefix_parameters_and_not_inputs());

constexpr mistake mistake_of(auto write) {
  model m;
  write(m);
  return m.found;
}
static_assert(mistake_of([](model& m) { m.input<"x">(embed), m.input<"x">(embed); }) == mistake::input_named_twice);
static_assert(mistake_of([](model& m) { m.input<"x">(embed), m.indices<"x">(embed); }) == mistake::input_named_twice);
static_assert(mistake_of([](model& m) { m.parameter<"x">(initial::constant(0), embed), m.parameter<"x">(initial::constant(0), pixels); }) == mistake::parameter_named_twice);
static_assert(mistake_of([](model& m) { m.parameter<"x">(initial::constant(0), embed), m.parameter<"x">(initial::constant(1), embed); }) == mistake::parameter_named_twice);
static_assert(mistake_of([](model& m) { m.parameter<"x">(initial::constant(0), embed), m.frozen<"x">(initial::constant(0), embed); }) == mistake::parameter_named_twice);
static_assert(mistake_of([](model& m) { m.parameter<"x">(initial::constant(0), embed), m.input<"x">(pixels); }) == mistake::none);

constexpr auto square_of(model& m) { return m.parameter<"x">(initial::constant(0), embed, embed); }
static_assert(mistake_of([](model& m) { square_of(m); }) == mistake::none);  // a convolution's weight may look so
static_assert(mistake_of([](model& m) { m.input<"x">(embed, embed); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { exp(square_of(m)); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { sum(square_of(m)); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { dot(m.input<"y">(images, embed), square_of(m)); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { rename(m.input<"y">(pixels, embed), pixels, embed); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { rename(square_of(m), embed, pixels); }) == mistake::axis_twice);
static_assert(mistake_of([](model& m) { gather(m.input<"table">(pixels, embed), m.indices<"ids">(embed)); }) == mistake::axis_twice);

struct batch_of_the_name : batch<"embed"> {};
struct three_of_the_name : axis<"embed", 3> {};
static_assert(mistake_of([](model& m) { m.input<"x">(embed), m.input<"y">(batch_of_the_name{}); }) == mistake::two_axes_of_one_name);
static_assert(mistake_of([](model& m) { m.input<"x">(embed), m.input<"y">(three_of_the_name{}); }) == mistake::two_axes_of_one_name);

constexpr auto state_of(model& m) { return m.state<"seen">(initial::constant(0), embed); }
static_assert(mistake_of([](model& m) { m.update(state_of(m), m.input<"x">(embed)); }) == mistake::none);
static_assert(mistake_of([](model& m) { m.update(state_of(m), m.input<"x">(embed)), m.update(state_of(m), m.input<"y">(embed)); }) == mistake::state_updated_twice);
static_assert(mistake_of([](model& m) { m.update(m.parameter<"w">(initial::constant(0), embed), m.input<"x">(embed)); }) == mistake::updates_no_state);
static_assert(mistake_of([](model& m) { const auto x = m.input<"x">(embed); m.update(x * 2, x); }) == mistake::updates_no_state);
static_assert(mistake_of([](model& m) { const auto x = m.input<"x">(embed); m.output<"y">(x), m.output<"y">(x * 2); }) == mistake::output_named_twice);

static_assert(mistake_of([](model& m) { take(m.input<"x">(embed), embed, max_argument); }) == mistake::none);
static_assert(mistake_of([](model& m) { take(m.input<"x">(embed), embed, max_argument + 1); }) == mistake::no_such_entry);
static_assert(mistake_of([](model& m) { take(m.input<"x">(images, embed), embed, -1); }) == mistake::no_such_entry);
static_assert(mistake_of([](model& m) { dropout(m.input<"x">(embed), 0.999); }) == mistake::none);
static_assert(mistake_of([](model& m) { dropout(m.input<"x">(embed), 1); }) == mistake::dropout_rate);
static_assert(mistake_of([](model& m) { dropout(m.input<"x">(embed), -0.1); }) == mistake::dropout_rate);

struct product {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto w = m.frozen<"w">(initial::constant(1), embed);
    const auto unused = exp(x * 5);
    (void)unused;
    return sum(exp(x) * w + exp(x));
  }
};

}  // namespace

TEST_CASE("the CLIP loss has its logits once, and its gradient one product for each side") {
  const model& forward = forward_graph<clip_loss, mode::training>;
  CHECK(count_of(forward, contract_op) == 1);
  CHECK(count_of(forward, log_sum_exp_op) == 2);
  CHECK(count_of(forward, equal_index_op) == 1);
  const model& full = full_graph<clip_loss, mode::training>;
  CHECK(count_of(full, contract_op) == 3);
  CHECK(full.forward_size == forward.size);
  for (int k = 0; k < forward.size; ++k) CHECK(full.at(k) == forward.at(k));
}

TEST_CASE("a gradient has the axes of its value, and reuses the forward's nodes") {
  const model& m = full_graph<clip_loss, mode::training>;
  for (int k = 0; k < m.size; ++k)
    if (const int g = m.adjoint_of(k) - 1; g >= 0) CHECK(m.at(g).axes == m.at(k).axes);
  const model& p = full_graph<product, mode::training>;
  CHECK(count_of(p, exp_op) == 2);  // exp(x) and the unused one: the gradient of exp is exp itself
}

TEST_CASE("every operand of a node stands before it") {
  const model& m = full_graph<deep_model, mode::training>;
  for (int k = 0; k < m.size; ++k)
    for (int i : m.at(k).in) CHECK(i < k);
}

TEST_CASE("what is frozen, an input of numbers only, or behind stop_gradient costs no gradient where nothing needs it") {
  const model& m = full_graph<product, mode::training>;
  int x = -1, unused = -1;
  for (int k = 0; k < m.name_count; ++k)
    if (name_of(m, m.names[static_cast<std::size_t>(k)].node) == "x") x = m.names[static_cast<std::size_t>(k)].node;
  for (int k = 0; k < m.forward_size; ++k)
    if (m.at(k).op == &exp_op && m.at(m.at(k).in[0]).op == &multiply_op) unused = k;
  REQUIRE(x >= 0);
  REQUIRE(unused >= 0);
  CHECK(m.adjoint_of(x) != 0);
  CHECK(m.adjoint_of(unused) == 0);
}

TEST_CASE("the evaluation graph has no gradient nodes") {
  const model& m = full_graph<clip_loss, mode::evaluation>;
  CHECK(m.size == m.forward_size);
}

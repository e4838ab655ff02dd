// SPDX-License-Identifier: Apache-2.0
// The graph under construction: nodes, axes, names, regions. Operations append to it while the compiler runs the model's function.
#pragma once

#include <akin/backend/tape.hpp>
#include <akin/tensor/axis.hpp>
#include <akin/tensor/view.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace akin::inline v0 {

class model;

/// What the planner does with an operation.
enum class role : unsigned char { leaf, elementwise, reduce, contract, alias, kernel, repeat };

/// An operation is a constexpr table. `vjp`, best as vjp_of<rule>, appends the nodes of the vector-Jacobian product and hands them to model::add_adjoint.
struct operation {
  std::string_view name;
  role plays;
  void (*vjp)(model&, int node, int gradient);
  scalar code = scalar::none;
  reduction reduces = reduction::sum;
  bool by_place = false;  // a kernel that takes axes by their place, where others match them by their names
};

/// A rule for `vjp` of which nothing is left in the program, where it does nothing. A program's constants point to their operations and these to their rules,
/// which only the compiler runs: each user's file would compile them all.
template <void (*Rule)(model&, int, int)>
constexpr void vjp_of(model& m, int node, int gradient) {
  if (__builtin_is_constant_evaluated()) Rule(m, node, gradient);  // std's is a call, which g++ -O0 keeps
}

enum class value_kind : unsigned char { real, index, boolean };

// Graphs and plans are plain arrays, compared entry by entry. A compiler that evaluates them counts statements, and clang allows 2^20 for
// one constant: an index into a plain array costs none, std::array's costs 4 and its comparison 40. The plan of a CLIP with two
// transformers takes some 350,000; with std::array an earlier one took 1,650,000.

/// The axes of a node, by number.
struct axis_list {
  std::int8_t label[max_rank]{-1, -1, -1, -1, -1, -1};
  std::int8_t rank = 0;
  constexpr bool operator==(const axis_list& b) const {
    static_assert(max_rank == 6);
    return rank == b.rank && label[0] == b.label[0] && label[1] == b.label[1] && label[2] == b.label[2] && label[3] == b.label[3] &&
           label[4] == b.label[4] && label[5] == b.label[5];
  }
  constexpr int operator[](int k) const { return label[k]; }
  constexpr void push(int axis) { label[rank++] = static_cast<std::int8_t>(axis); }
  constexpr bool has(int axis) const {
    for (int k = 0; k < rank; ++k)
      if (label[k] == axis) return true;
    return false;
  }
  constexpr bool has_one_twice() const {
    for (int k = 1; k < rank; ++k)
      for (int other = 0; other < k; ++other)
        if (label[k] == label[other]) return true;
    return false;
  }
  constexpr bool contains(const axis_list& other) const {
    for (int k = 0; k < other.rank; ++k)
      if (!has(other[k])) return false;
    return true;
  }
};

inline constexpr int max_argument = 32767;  // of an operation's own integers

struct four_numbers {
  std::int16_t number[4]{};
  constexpr std::int16_t& operator[](std::size_t k) { return number[k]; }
  constexpr const std::int16_t& operator[](std::size_t k) const { return number[k]; }
  constexpr const std::int16_t* begin() const { return number; }
  constexpr const std::int16_t* end() const { return number + 4; }
  constexpr bool operator==(const four_numbers& b) const {
    return number[0] == b.number[0] && number[1] == b.number[1] && number[2] == b.number[2] && number[3] == b.number[3];
  }
};

struct node {
  const operation* op = nullptr;
  four_numbers in{-1, -1, -1, -1};
  axis_list axes{};
  value_kind kind = value_kind::real;
  std::int8_t region = 0;
  std::int16_t name = -1;                   // inputs and parameters: their entry in model::names
  four_numbers argument{};                  // the operation's own integers
  double number = 0;                        // the operation's own real
  constexpr bool operator==(const node&) const = default;
};

/// How an axis gets its extent from others when a program is bound.
enum class extent_rule : unsigned char { fixed, product, quotient, sum, same, windows, within };

struct extent_relation {
  extent_rule rule{};
  std::int16_t axis = -1, a = -1, b = -1;  // axis = rule(a, b); within: axis <= a
  std::int64_t stride = 0, padding = 0;    // windows only; stride 0 stands for the extent of b
};

struct axis_entry {
  std::string_view name;
  bool numbers_examples = false;
  std::int64_t static_extent = 0;
  const char* first = nullptr;  // of the name
  std::int16_t second_of = -1;  // the axis whose things it numbers once more
};

/// A part of the graph that repeat() runs once for each layer. Region 0 is the model itself.
struct region_entry {
  std::int16_t parent = -1, depth_axis = -1;
  std::int16_t forward = -1;      // backward regions: the region whose values they read
  std::int16_t carry_in = -1, carry_out = -1;
  std::int16_t first_number = 0;  // of the layers, as their tensors are named
  bool recomputed = false;        // each layer keeps its argument, and runs again for the gradient
};

/// How a parameter starts: a number, or random with a standard deviation (or bound) of scale / sqrt(product of the extents in `per`).
struct initial {
  enum class form : unsigned char { constant, normal, uniform } kind = form::constant;
  double scale = 0;
  std::array<std::string_view, 4> per{};
  static constexpr initial constant(double value) { return {form::constant, value, {}}; }
  template <some_axis... A>
  static constexpr initial normal(double scale, A...) { return {form::normal, scale, {A::name...}}; }
  template <some_axis... A>
  static constexpr initial uniform(double scale, A...) { return {form::uniform, scale, {A::name...}}; }
  constexpr bool operator==(const initial&) const = default;
};

/// Inputs, parameters and states in the order in which the model named them.
struct named_value {
  enum class role_kind : unsigned char { input, data, parameter, frozen, state } role{};
  std::int16_t node = -1;
  std::int16_t text_begin = 0, text_size = 0;
  initial start{};
  std::int16_t numbered_by = -1;  // the axis whose extent stands where the name has '#'
  /// Whether a program is given its numbers, and the weights do not hold them.
  constexpr bool takes_input() const { return role == role_kind::input || role == role_kind::data; }
};

struct state_update {
  std::int16_t state = -1, value = -1;
};

struct named_output {
  std::int16_t node = -1, text_begin = 0, text_size = 0;
};

enum class mistake : unsigned char { none, input_named_twice, parameter_named_twice, three_batch_axes, pair_in_repeat, gradient_leaves_repeat, value_enters_repeat, pair_is_output, pair_not_fusable, circle, position_is_stored, kept_in_repeat, two_axes_of_one_name, axis_twice, no_such_entry, updates_no_state, state_updated_twice, output_named_twice, number_in_number, dropout_rate, step_too_large };

template <class Kind, class Axes>
struct expr;
struct real {};
struct integer {};
struct boolean {};

inline constexpr int max_nodes = 4096, max_axes = 96, max_names = 512, max_regions = 24, max_relations = 192, max_updates = 256, max_outputs = 16, max_text = 16384;

/// The graph. A user meets it as the argument of `define`: it declares inputs and parameters; expressions do the rest.
class model {
 public:
  constexpr explicit model(bool training = true) : training_{training} {}

  /// True where the graph is built to train (dropout drops, batch_norm uses the batch), false for evaluation.
  constexpr bool training() const { return training_; }

  /// Reals that a program is given before each run, differentiable: program::gradient<Name>() yields their gradient.
  template <text Name, some_axis... A>
  constexpr expr<real, axes<A...>> input(A...) { return declare<real, A...>(named_value::role_kind::input, Name.view(), {}); }
  /// Reals without a gradient: pixels, targets.
  template <text Name, some_axis... A>
  constexpr expr<real, axes<A...>> data(A...) { return declare<real, A...>(named_value::role_kind::data, Name.view(), {}); }
  /// 32-bit integers: token ids, labels.
  template <text Name, some_axis... A>
  constexpr expr<integer, axes<A...>> indices(A...) { return declare<integer, A...>(named_value::role_kind::data, Name.view(), {}); }
  /// A trained tensor. Its full name is the names of the open scopes and its own, joined by dots. The same name twice is the same tensor.
  template <text Name, some_axis... A>
  constexpr expr<real, axes<A...>> parameter(initial start, A...) { return declare<real, A...>(named_value::role_kind::parameter, Name.view(), start); }
  /// A tensor that is stored with the parameters and not trained.
  template <text Name, some_axis... A>
  constexpr expr<real, axes<A...>> frozen(initial start, A...) { return declare<real, A...>(named_value::role_kind::frozen, Name.view(), start); }
  /// A tensor that `update` changes after a training forward: running statistics.
  template <text Name, some_axis... A>
  constexpr expr<real, axes<A...>> state(initial start, A...) { return declare<real, A...>(named_value::role_kind::state, Name.view(), start); }
  /// After a training forward the state takes this value; the gradient of that run still sees the old one. In a repeat every layer has its own.
  template <class Axes>
  constexpr void update(expr<real, Axes> state, expr<real, Axes> value) {
    const int name = at(state.id).name;
    if (name < 0 || names[name].role != named_value::role_kind::state) report(mistake::updates_no_state, state.id);
    if (at(state.id).region != region) report(mistake::kept_in_repeat, value.id);
    for (int k = 0; k < update_count; ++k)
      if (updates[k].state == state.id) report(mistake::state_updated_twice, state.id);
    updates[static_cast<std::size_t>(update_count++)] = {static_cast<std::int16_t>(state.id), static_cast<std::int16_t>(value.id)};
  }
  /// Keeps a value readable after forward() as program::value<Name>().
  template <text Name, class Kind, class Axes>
    requires(!std::is_same_v<Kind, integer>)
  constexpr void output(expr<Kind, Axes> value) {
    if (region != 0) report(mistake::kept_in_repeat, value.id);
    for (int k = 0; k < output_count; ++k)
      if (text_at(outputs[k].text_begin, outputs[k].text_size) == Name.view()) report(mistake::output_named_twice, value.id);
    outputs[static_cast<std::size_t>(output_count++)] = {static_cast<std::int16_t>(value.id), append_text(Name.view()), static_cast<std::int16_t>(Name.view().size())};
  }

  /// Names declared until the scope ends get this prefix.
  class scope_guard {
   public:
    constexpr scope_guard(model& m, std::string_view name, std::int16_t numbered_by) : model_{m}, outer_{m.scope_size_}, outer_number_{m.numbered_by_} {
      for (const char c : name) m.scope_[static_cast<std::size_t>(m.scope_size_++)] = c;
      if (!name.empty()) m.scope_[static_cast<std::size_t>(m.scope_size_++)] = '.';
      m.numbered_by_ = numbered_by;
    }
    scope_guard(const scope_guard&) = delete;
    scope_guard& operator=(const scope_guard&) = delete;
    constexpr ~scope_guard() { model_.scope_size_ = outer_, model_.numbered_by_ = outer_number_; }

   private:
    model& model_;
    std::int16_t outer_, outer_number_;
  };
  [[nodiscard]] constexpr scope_guard scope(std::string_view name) { return {*this, name, numbered_by_}; }
  /// The same with a number that is known when the parameters are bound: the extent of an axis.
  /// errors: compile time "akin: scope: a number inside of another"
  template <some_axis Axis>
  [[nodiscard]] constexpr scope_guard scope(Axis) {
    if (numbered_by_ >= 0) report(mistake::number_in_number, -1);
    return {*this, "#", number_of<Axis>()};
  }

  /// Repeats that are declared until the guard goes keep each layer's argument alone, and run the layer again for its gradient.
  /// values: the same bits
  /// cost:   one more forward of these layers; memory of one layer and an argument for each, instead of all that the gradients read
  /// source: Chen et al. 2016 (1604.06174)
  class checkpoint_guard {
   public:
    constexpr checkpoint_guard(model& m, bool outer) : model_{m}, outer_{outer} {}
    checkpoint_guard(const checkpoint_guard&) = delete;
    checkpoint_guard& operator=(const checkpoint_guard&) = delete;
    constexpr ~checkpoint_guard() { model_.checkpoints_ = outer_; }

   private:
    model& model_;
    bool outer_;
  };
  [[nodiscard]] constexpr checkpoint_guard checkpoint_blocks() { return {*this, std::exchange(checkpoints_, true)}; }
  constexpr bool checkpoints() const { return checkpoints_; }

  // --- for operations -------------------------------------------------------------------------------------------------------------

  /// Appends a node, or returns the one that is there already.
  constexpr int put(node n);
  constexpr int add_axis(std::string_view name, bool numbers_examples, std::int64_t static_extent);
  constexpr void relate(extent_relation r);
  template <class... A>
  constexpr axis_list list(axes<A...>) {
    axis_list l;
    (l.push(number_of<A>()), ...);
    return l;
  }
  template <class A>
  constexpr std::int16_t number_of() {
    const int k = add_axis(A::name, A::numbers_examples, A::static_extent);
    if constexpr (!std::is_void_v<typename A::second_of>) axis_entries[k].second_of = number_of<typename A::second_of>();
    return static_cast<std::int16_t>(k);
  }
  /// Whether a value with these axes is of things with things: it has an axis and a second one of the same.
  constexpr bool is_square(const axis_list& axes) const {
    for (int k = 0; k < axes.rank; ++k)
      if (const int of = axis_entries[static_cast<std::size_t>(axes[k])].second_of; of >= 0 && axes.has(of)) return true;
    return false;
  }

  constexpr const node& at(int id) const { return nodes[id]; }
  constexpr void add_adjoint(int id, int gradient);
  constexpr int adjoint_of(int id) const { return adjoint[static_cast<std::size_t>(id)]; }
  constexpr void report(mistake m, int where) {
    if (found == mistake::none) found = m, found_at = where;
  }
  constexpr std::string_view text_at(int begin, int length) const { return {texts + begin, static_cast<std::size_t>(length)}; }

  node nodes[max_nodes]{};
  std::int16_t adjoint[max_nodes]{};    // id + 1 of the gradient node; 0: none
  std::int16_t table[4 * max_nodes]{};  // id + 1, by hash
  axis_entry axis_entries[max_axes]{};
  extent_relation relations[max_relations]{};
  named_value names[max_names]{};
  region_entry regions[max_regions]{};
  state_update updates[max_updates]{};
  named_output outputs[max_outputs]{};
  char texts[max_text]{};
  int size = 0, axis_count = 0, relation_count = 0, name_count = 0, region_count = 1, update_count = 0, output_count = 0, text_size = 0, random_count = 0;
  int region = 0;  // where put() appends
  int forward_size = 0, result = -1;
  mistake found = mistake::none;
  int found_at = -1;

 private:
  template <class Kind, class... A>
  constexpr expr<Kind, axes<A...>> declare(named_value::role_kind role, std::string_view name, initial start);
  constexpr bool names_an_axis_twice(const node& n) const;
  constexpr std::int16_t append_text(std::string_view s) {
    const auto begin = static_cast<std::int16_t>(text_size);
    for (char c : s) texts[static_cast<std::size_t>(text_size++)] = c;
    return begin;
  }

  bool training_, checkpoints_ = false;
  char scope_[256]{};
  std::int16_t scope_size_ = 0, numbered_by_ = -1;
};

/// A value of the model: its type carries the axes, its value is the number of a node. It refers to no temporary.
template <class Kind, class Axes>
struct expr {
  using axes_type = Axes;
  model* owner = nullptr;
  int id = 0;
};

constexpr void no_gradient(model&, int, int) {}
inline constexpr operation input_op{"input", role::leaf, no_gradient};
inline constexpr operation parameter_op{"parameter", role::leaf, no_gradient};

// A parameter may: it may be the weight of a convolution between as many channels.
constexpr bool model::names_an_axis_twice(const node& n) const {
  const role plays = n.op->plays;
  if (n.op->by_place || n.op == &parameter_op) return false;
  bool twice = n.axes.has_one_twice();
  if (plays == role::reduce || plays == role::contract || plays == role::alias)
    for (const int i : n.in) twice = twice || (i >= 0 && at(i).axes.has_one_twice());
  return twice;
}

constexpr int model::put(node n) {
  // A twin of a body's node may be reused by the body's gradient: then its value is kept for each layer.
  const int twin = regions[static_cast<std::size_t>(region)].forward;
  for (int attempt = twin >= 0 ? 0 : 1; attempt < 2; ++attempt) {
    n.region = static_cast<std::int8_t>(n.op->plays == role::leaf && n.region == 0 ? 0 : attempt == 0 ? twin : region);
    std::uint32_t h = static_cast<std::uint32_t>(n.op->name.size()) * 31u + static_cast<std::uint32_t>(n.op->name.front());
    for (int k = 0; k < 3; ++k) h = h * 1000003u + static_cast<std::uint32_t>(n.in[static_cast<std::size_t>(k)] + 1);
    h = h * 1000003u + static_cast<std::uint32_t>(n.argument[0] + 7 * n.axes.label[0] + 131 * n.axes.label[1] + 1021 * n.name);
    const auto bits = std::bit_cast<std::uint64_t>(n.number);
    h = h * 1000003u + static_cast<std::uint32_t>(bits ^ bits >> 32);
    h = (h ^ (h >> 15)) % std::uint32_t{4 * max_nodes};
    for (; table[h] != 0; h = h + 1 == std::uint32_t{4 * max_nodes} ? 0 : h + 1)
      if (nodes[static_cast<std::size_t>(table[h] - 1)] == n) return table[h] - 1;
    if (attempt == 0) continue;
    if (names_an_axis_twice(n)) report(mistake::axis_twice, size);
    nodes[static_cast<std::size_t>(size)] = n;
    table[h] = static_cast<std::int16_t>(size + 1);
    return size++;
  }
  return -1;
}

constexpr int model::add_axis(std::string_view name, bool numbers_examples, std::int64_t static_extent) {
  // One text is one object among template arguments, so that most names are found by address, without a look at their characters.
  const char* const first = name.data();
  int k = 0;
  while (k < axis_count && axis_entries[k].first != first) ++k;
  if (k == axis_count)
    for (k = 0; k < axis_count && axis_entries[k].name != name;) ++k;
  if (k < axis_count) {
    if (axis_entries[k].numbers_examples != numbers_examples || axis_entries[k].static_extent != static_extent) report(mistake::two_axes_of_one_name, -1);
    return k;
  }
  axis_entries[axis_count] = {name, numbers_examples, static_extent, first};
  if (static_extent > 0) relate({extent_rule::fixed, static_cast<std::int16_t>(axis_count), -1, -1, static_extent, 0});
  return axis_count++;
}

constexpr void model::relate(extent_relation r) { relations[static_cast<std::size_t>(relation_count++)] = r; }

template <class Kind, class... A>
constexpr expr<Kind, axes<A...>> model::declare(named_value::role_kind role, std::string_view name, initial start) {
  const auto begin = static_cast<std::int16_t>(text_size);
  const bool stored = role == named_value::role_kind::parameter || role == named_value::role_kind::frozen || role == named_value::role_kind::state;
  if (stored) append_text({scope_, static_cast<std::size_t>(scope_size_)});
  append_text(name);
  const auto length = static_cast<std::int16_t>(text_size - begin);
  node n{stored ? &parameter_op : &input_op};
  n.axes = list(axes<A...>{});
  n.kind = std::is_same_v<Kind, integer> ? value_kind::index : value_kind::real;
  n.region = static_cast<std::int8_t>(stored ? region : 0);
  for (int k = 0; k < name_count; ++k) {
    const auto& other = names[static_cast<std::size_t>(k)];
    const bool other_stored = at(other.node).op == &parameter_op;
    if (other_stored != stored || text_at(other.text_begin, other.text_size) != text_at(begin, length)) continue;
    text_size = begin;
    n.name = static_cast<std::int16_t>(k);
    if (!stored) report(mistake::input_named_twice, other.node);
    else if (!(at(other.node) == n && other.role == role && other.start == start && other.numbered_by == numbered_by_)) report(mistake::parameter_named_twice, other.node);
    return {this, other.node};
  }
  n.name = static_cast<std::int16_t>(name_count);
  const int id = put(n);
  names[static_cast<std::size_t>(name_count++)] = {role, static_cast<std::int16_t>(id), begin, length, start, stored ? numbered_by_ : std::int16_t{-1}};
  return {this, id};
}

}  // namespace akin::inline v0

// SPDX-License-Identifier: Apache-2.0
// The memory plan, by brute force: no two values that are alive together overlap, in the arena and in the frames of repeats.
#include "graph/models.hpp"

#include <doctest/doctest.h>

using namespace akin;

namespace {

struct layout {
  blueprint b;
  extent_table extents;
  memory_plan memory;
};

constexpr strip_sizes sizes{1120, 2 * 5 * 9 * 9 * 4};  // two images of 9 tokens, of which four such values and some rows exist for a strip

template <class Model, bool Fuses, mode Mode = mode::training, class... Extents>
layout lay_out(std::size_t bytes, const Extents&... given) {
  layout l{blueprint_of<Model, Mode, Fuses>(), {}, {}};
  l.extents = extent_table{l.b};
  (l.extents.set(given.axis, given.size), ...);
  l.extents.derive();
  auto everything = find_needed(l.b, std::vector<std::int64_t>(l.b.names.size(), 0));
  l.memory = plan_memory(l.b, l.extents, std::vector<char>(l.b.nodes.size(), 0), std::move(everything), {}, {}, sizes, bytes);
  return l;
}

// Plays the steps of one region: a step writes its results' bytes, and every operand must still hold what was written.
// Where every layer's saved values lie apart and scratch is written over, reading a lost byte shows an overlap.
void check_region(const layout& l, int region, std::size_t real_bytes) {
  std::vector<int> scratch(static_cast<std::size_t>(l.memory.frames[static_cast<std::size_t>(region)].scratch_bytes), -1);
  std::vector<int> saved(static_cast<std::size_t>(l.memory.frames[static_cast<std::size_t>(region)].saved_bytes), -1);
  const auto each_byte = [&](int n, auto visit) {
    const auto at = l.memory.offset[static_cast<std::size_t>(n)];
    if (at < 0 || l.b.at(n).region != region) return;
    auto& frame = region > 0 && l.memory.saved[static_cast<std::size_t>(n)] ? saved : scratch;
    const bool of_strip = l.memory.of_strip[static_cast<std::size_t>(n)] != 0;
    const auto numbers = of_strip ? l.extents.size(l.b.at(n).axes) / l.extents[l.b.at(n).axes[0]] * l.memory.strips[detail::strips_of_value(l.b, n)] : l.extents.size(l.b.at(n).axes);
    const auto bytes = numbers * static_cast<std::int64_t>(l.b.at(n).kind == value_kind::index ? 4 : real_bytes);
    REQUIRE(at + bytes <= static_cast<std::int64_t>(frame.size()));
    CHECK(at % 64 == 0);
    for (std::int64_t k = at; k < at + bytes; ++k) visit(frame[static_cast<std::size_t>(k)]);
  };
  const auto write = [&](int n) { each_byte(n, [&](int& owner) { owner = n; }); };
  int lost = 0;
  const auto read = [&](int n) { each_byte(n, [&](int& owner) { lost += owner != n ? 1 : 0; }); };
  const auto& entry = l.b.regions[static_cast<std::size_t>(region)];
  if (region > 0) write(entry.carry_in);
  const auto& range = l.b.ranges[static_cast<std::size_t>(region)];
  const auto play = [&](const plan_step& s) {
    if (s.kind == step_kind::repeat) {  // what the body uses is nobody else's while it runs
      const auto& f = l.memory.frames[static_cast<std::size_t>(l.b.at(s.node).argument[0])];
      REQUIRE(f.scratch_at + f.scratch_bytes <= static_cast<std::int64_t>(scratch.size()));
      for (std::int64_t i = f.scratch_at; i < f.scratch_at + f.scratch_bytes; ++i) scratch[static_cast<std::size_t>(i)] = -2;
    }
    // A map that only stores may write over an operand of the same axes, element by element; of other operands a step finds every byte after its own writes.
    const auto is_written_over = [&](int n) {
      bool is = false;
      detail::for_each_result(l.b.parts(), s, [&](int result) {
        is = is || (l.b.at(result).region == region && l.b.at(n).region == region && !l.memory.saved[static_cast<std::size_t>(n)] && !l.memory.saved[static_cast<std::size_t>(result)] &&
                    l.memory.offset[static_cast<std::size_t>(n)] >= 0 && l.memory.offset[static_cast<std::size_t>(n)] == l.memory.offset[static_cast<std::size_t>(result)] &&
                    l.b.at(n).axes == l.b.at(result).axes && l.extents.size(l.b.at(n).axes) > 0);
      });
      for (const plan_sink& sink : l.b.sinks_of(s)) is = is && sink.kind == sink_kind::store;
      const int number = static_cast<int>(l.b.number_of(s));
      return is && s.kind == step_kind::map && !l.b.strips_of(number) && !l.b.lines_of(number);
    };
    detail::for_each_read(l.b.parts(), s, [&](int n) {
      if (is_written_over(n)) read(n);
    });
    detail::for_each_result(l.b.parts(), s, write);
    detail::for_each_read(l.b.parts(), s, [&](int n) {
      if (!is_written_over(n)) read(l.b.home(n));
    });
  };
  for (int k = range.begin; k < range.begin + range.count; ++k) {
    const strip_group* const strips = l.b.strips_of(k);
    if (strips && strips->begin == k)  // the strip before the last
      for (int of_strip = k; of_strip < k + strips->count; ++of_strip) play(l.b.steps[static_cast<std::size_t>(of_strip)]);
    play(l.b.steps[static_cast<std::size_t>(k)]);
  }
  if (region == 0) {
    read(l.b.home(l.b.result));
    for (const auto& v : l.b.names)
      if (const int g = l.b.adjoint[static_cast<std::size_t>(v.node)] - 1; g >= 0) read(l.b.home(g));
    for (const auto& o : l.b.outputs) read(l.b.home(o.node));
  } else if (entry.carry_out >= 0) {
    read(l.b.home(entry.carry_out));
  }
  CHECK(lost == 0);
}

struct two_outputs {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = sum(exp(x), over(embed));
    m.output<"early">(y);
    return sum(x * sum(x * y, over(images)) * sum(tanh(x), over(embed)));
  }
};

}  // namespace

TEST_CASE("values that are alive together do not overlap") {
  for (const auto& l : {lay_out<clip_loss, true>(4, images(50), texts(33), embed(7)), lay_out<clip_loss, false>(4, images(5), texts(6), embed(7)),
                        lay_out<sigmoid_loss, true>(4, images(50), texts(50), embed(70)), lay_out<two_outputs, true>(4, images(9), embed(33)),
                        lay_out<two_outputs, false>(4, images(9), embed(33))})
    check_region(l, 0, 4);
  for (const auto& l : {lay_out<deep_model, true>(8, images(3), embed(20), pixels(5), layers(3), steps(2)), lay_out<deep_model, false>(8, images(3), embed(20), pixels(5), layers(3), steps(2))})
    for (int r = 0; r < static_cast<int>(l.b.regions.size()); ++r) check_region(l, r, 8);
}

TEST_CASE("the saved frames of layers lie inside of their parent's") {
  const auto l = lay_out<deep_model, true>(4, images(3), embed(20), pixels(5), layers(3), steps(2));
  REQUIRE(l.b.regions.size() == 5);
  const auto& outer = l.memory.frames[1];
  const auto& inner = l.memory.frames[2];
  CHECK(inner.saved_at + 2 * inner.saved_bytes <= outer.saved_bytes);
  CHECK(outer.saved_at + 3 * outer.saved_bytes <= l.memory.bytes);
  CHECK(inner.saved_bytes > 0);
}

namespace {

struct mlp_blocks {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "block", m.input<"x">(images, embed), [&](auto x) {
      const auto h = dot(x, m.parameter<"in">(initial::normal(1), pixels, embed), over(embed)) + m.parameter<"bias">(initial::constant(0), pixels);
      return x + dot(h * sigmoid(h), m.parameter<"out">(initial::normal(1), embed, pixels), over(pixels));
    });
    return sum(y * y);
  }
};

}  // namespace

TEST_CASE("of a layer's elementwise work the gradient keeps what it comes from: the block's argument and the product before the activation") {
  const auto l = lay_out<mlp_blocks, true>(4, images(16), embed(32), pixels(64), layers(3));
  CHECK(l.memory.frames[1].saved_bytes == 16 * 32 * 4 + 16 * 64 * 4);
  CHECK(lay_out<mlp_blocks, false>(4, images(16), embed(32), pixels(64), layers(3)).memory.frames[1].saved_bytes > l.memory.frames[1].saved_bytes);
  for (int r = 0; r < static_cast<int>(l.b.regions.size()); ++r) check_region(l, r, 4);
}

TEST_CASE("a map that only stores writes over an operand of its axes that nobody reads any more, a layer's argument included") {
  const auto block = lay_out<mlp_blocks, true, mode::evaluation>(4, images(16), embed(32), pixels(64), layers(3));
  for (int r = 0; r < static_cast<int>(block.b.regions.size()); ++r) check_region(block, r, 4);
  const auto& body = block.b.regions[1];
  CHECK(block.memory.offset[static_cast<std::size_t>(block.b.home(body.carry_out))] == block.memory.offset[static_cast<std::size_t>(body.carry_in)]);
  CHECK(block.memory.frames[1].scratch_bytes == (16 * 32 + 16 * 64 + 16 * 32) * 4);  // the argument, a hidden layer before and after its activation, the second product
  const auto l = lay_out<two_outputs, true>(4, images(9), embed(33));
  for (std::size_t n = 0; n < l.b.nodes.size(); ++n)  // what is an output stays
    for (const auto& o : l.b.outputs)
      if (const auto home = static_cast<std::size_t>(l.b.home(o.node)); n != home && l.memory.offset[n] >= 0) CHECK(l.memory.offset[n] != l.memory.offset[home]);
}

namespace {

inline constexpr struct others : second_axis<"others", struct pixels> {} others;

struct attending_blocks {
  static constexpr auto define(model& m) {
    const auto y = repeat(m, layers, "block", m.input<"x">(images, pixels, embed), [&](auto x) {
      const auto other = rename(x, pixels, others);
      return x + dot(softmax(dot(x, other, over(embed)), over(others)), other, over(others));
    });
    return sum(y * y);
  }
};

}  // namespace

TEST_CASE("of tokens with tokens a layer keeps nothing, and a strip of examples is laid out") {
  const auto l = lay_out<attending_blocks, true>(4, images(16), embed(32), pixels(9), layers(3));
  CHECK(l.memory.frames[1].saved_bytes == 16 * 9 * 32 * 4 + 16 * 9 * 4);  // the block's argument and the logarithms of sums
  REQUIRE(l.memory.strips.size() == 2);
  CHECK(l.memory.strips[0] == 2);  // of four images, were it not for the gradient, which has twice as many values
  CHECK(l.memory.strips[1] == 2);
  CHECK(lay_out<attending_blocks, false>(4, images(16), embed(32), pixels(9), layers(3)).memory.frames[1].saved_bytes > 16 * 9 * 9 * 4);
  for (int r = 0; r < static_cast<int>(l.b.regions.size()); ++r) check_region(l, r, 4);

  const auto twice = lay_out<attending_blocks, true>(4, images(16), embed(32), pixels(18), layers(3));
  CHECK(twice.memory.bytes < 2 * l.memory.bytes + 4 * 18 * 18 * 4);
}

TEST_CASE("neighbouring stretches of gradients idle together until the first of them is written") {
  const std::vector<idle_stretch> all{{0, 64, 9}, {64, 128, 5}, {128, 192, 7}, {192, 256, 7}, {320, 400, 7}};
  const auto longest = [&](int step) {
    const idle_stretch s = detail::longest_idle(all, step);
    return std::pair{s.begin, s.end};
  };
  CHECK(longest(4) == std::pair<std::int64_t, std::int64_t>{0, 256});
  CHECK(longest(5) == std::pair<std::int64_t, std::int64_t>{128, 256});
  CHECK(longest(7) == std::pair<std::int64_t, std::int64_t>{0, 64});
  CHECK(longest(9) == std::pair<std::int64_t, std::int64_t>{0, 0});
}

TEST_CASE("values share bytes") {
  const auto l = lay_out<clip_loss, true>(4, images(1000), texts(1000), embed(64));
  CHECK(l.memory.bytes < l.memory.sum_of_values);
  CHECK(l.memory.bytes < 1000 * 1000 * 4);
}

TEST_CASE("nothing of the size of all pairs is laid out by a fused plan") {
  const auto l = lay_out<clip_loss, true>(4, images(32768), texts(32768), embed(16));
  CHECK(l.memory.bytes < 6 * 32768 * 16 * 4 + 20 * 32768 * 4);
  CHECK(lay_out<clip_loss, false>(8, images(100), texts(100), embed(2)).memory.bytes > 2 * 100 * 100 * 8);
}

TEST_CASE("depth 0 has no saved frames") {
  const auto l = lay_out<deep_model, true>(4, images(3), embed(20), pixels(5), layers(0), steps(2));
  const auto deep = lay_out<deep_model, true>(4, images(3), embed(20), pixels(5), layers(8), steps(2));
  CHECK(deep.memory.bytes - l.memory.bytes >= 7 * l.memory.frames[1].saved_bytes);
}

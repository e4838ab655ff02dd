// SPDX-License-Identifier: Apache-2.0
// One objective on embeddings of width 512, ready to run: its inputs, its program, and the products that its plan makes.
#pragma once

#include "register_peak.hpp"

#include <akin/akin.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

namespace akin_bench {

inline constexpr struct images : akin::batch<"images"> {
} images;
inline constexpr struct texts : akin::batch<"texts"> {
} texts;
inline constexpr struct queue : akin::batch<"queue"> {
} queue;  // older keys
inline constexpr struct embed : akin::axis<"embed"> {
} embed;
inline constexpr std::int64_t width = 512;
inline constexpr std::int64_t default_budget = std::int64_t{512} << 20;  // that of program.pair_budget

/// Number k of the embeddings, in [-0.5, 0.5): torch_side.py computes the same ones.
inline float number(std::uint64_t k) {
  constexpr std::uint64_t low = 0xffffffffu;
  k = k * 2654435761u & low;
  k ^= k >> 16;
  k = k * 2246822519u & low;
  k ^= k >> 13;
  return static_cast<float>(k >> 8) * 0x1p-24f - 0.5f;
}

/// x [n, d] and y [n, d]; ids of four rows each.
struct embeddings {
  explicit embeddings(std::int64_t n) : x(static_cast<std::size_t>(n * width)), y(x.size()), ids(static_cast<std::size_t>(n)) {
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = number(k), y[k] = number(x.size() + k);
    for (std::size_t k = 0; k < ids.size(); ++k) ids[k] = static_cast<std::int32_t>(k % std::max<std::size_t>(ids.size() / 4, 1));
  }
  std::vector<float> x, y;
  std::vector<std::int32_t> ids;
};

/// Operations in products: 2 n m d for each product that a pass computes and for each contraction with its pair values.
struct pair_work {
  int passes = 0;
  double similarity = 0, gradient = 0;
  double all() const { return similarity + gradient; }
};

/// From the plan. Products that fit the budget are computed by the first pass that reads them, and read by the others.
inline pair_work count_work(const akin::blueprint& b, const akin::extent_table& extents, std::int64_t budget,
                            bool forward_alone) {
  auto kept = akin::products_of_several_passes(b);
  std::erase_if(kept, [&](const akin::kept_product& p) {
    const akin::axis_list& axes = b.at(p.node).axes;
    const auto bytes =
        4 * akin::cpu_backend::kept_pairs(extents[std::min(axes[0], axes[1])], extents[std::max(axes[0], axes[1])]);
    return bytes > budget || (budget -= bytes, false);
  });
  pair_work work;
  for (int k = 0; k < (forward_alone ? b.forward_steps : b.ranges[0].count); ++k) {
    const akin::plan_step& s = b.steps[static_cast<std::size_t>(b.ranges[0].begin + k)];
    if (!s.is_pair_pass()) continue;
    ++work.passes;
    const double pairs = static_cast<double>(extents[s.space[0]] * extents[s.space[1]]);
    const auto operations = [&](const akin::node& embeddings_of) {
      double count = 2 * pairs;
      for (int axis = 0; axis < embeddings_of.axes.rank; ++axis)
        if (embeddings_of.axes[axis] != s.space[0] && embeddings_of.axes[axis] != s.space[1])
          count *= static_cast<double>(extents[embeddings_of.axes[axis]]);
      return count;
    };
    for (const auto& o : b.operands_of(s)) {
      const bool read = std::any_of(kept.begin(), kept.end(), [&](const auto& p) { return p.node == o.node && p.first != k; });
      if (o.kind == akin::operand_kind::product && !read) work.similarity += operations(b.at(b.at(o.node).in[0]));
    }
    for (const auto& sink : b.sinks_of(s))
      if (sink.kind == akin::sink_kind::contract) work.gradient += operations(b.at(sink.node));
  }
  return work;
}

/// A program that can be stepped, whatever its model.
class loss_run {
 public:
  virtual ~loss_run() = default;
  /// Forward and backward, or forward alone; returns the loss.
  virtual double step(bool forward_alone) = 0;
  /// The length of the gradient of x, by which two implementations are compared.
  virtual double gradient_length() = 0;
  virtual pair_work work(bool forward_alone) const = 0;
};

template <class Model>
class loss_run_of final : public loss_run {
 public:
  loss_run_of(std::int64_t n, const std::shared_ptr<akin::thread_pool>& pool, akin::precision precision, std::int64_t budget,
              const embeddings& e)
      : program_{weights_, pool, precision}, extents_{blueprint_}, budget_{akin::cpu_backend{pool, precision}.keeps_pairs() ? budget : 0} {
    program_.pair_budget(budget);
    const auto present = std::tuple_cat(bound(images, n), bound(texts, n), bound(queue, n), bound(embed, width));
    std::apply([&](const auto&... extents) { program_.bind(extents...), (extents_.set(extents.axis, extents.size), ...); },
               present);
    extents_.derive();
    set<"x">(e.x), set<"y">(e.y), set<"queue">(e.y), set<"teacher's x">(e.y), set<"teacher's y">(e.x);
    set<"ids">(e.ids), set<"ids of texts">(e.ids);
  }

  double step(bool forward_alone) override {
    const double loss = program_.forward();
    if (!forward_alone) program_.backward();
    return loss;
  }
  double gradient_length() override {
    const auto g = program_.template gradient<"x">();
    double sum = 0;
    for (std::int64_t k = 0; k < g.size(); ++k) sum += static_cast<double>(g.data[k]) * g.data[k];
    return std::sqrt(sum);
  }
  pair_work work(bool forward_alone) const override { return count_work(blueprint_, extents_, budget_, forward_alone); }

 private:
  // What the model has no axis or input for is left out.
  template <class Axis>
  static constexpr auto bound(Axis axis, std::int64_t size) {
    constexpr bool present = [] {
      constexpr const akin::model& m = akin::full_graph<Model, akin::mode::training>;
      for (int k = 0; k < m.axis_count; ++k)
        if (m.axis_entries[static_cast<std::size_t>(k)].name == Axis::name) return true;
      return false;
    }();
    if constexpr (present) return std::tuple{axis(size)};
    else return std::tuple{};
  }
  template <akin::text Name, class Value>
  void set(const std::vector<Value>& values) {
    if constexpr (akin::detail::find_name<Model, akin::mode::training>(Name.view()) >= 0) program_.template set<Name>(values);
  }

  akin::parameters<Model> weights_;
  akin::program<Model, akin::cpu_backend> program_;
  akin::blueprint blueprint_ = akin::blueprint_of<Model, akin::mode::training, true>();
  akin::extent_table extents_;
  std::int64_t budget_;
};

}  // namespace akin_bench

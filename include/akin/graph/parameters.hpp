// SPDX-License-Identifier: Apache-2.0
// Who owns the weights: one flat buffer with a name, a shape and a role for every tensor. Programs borrow it.
#pragma once

#include <akin/backend/memory.hpp>
#include <akin/graph/extents.hpp>
#include <akin/support/random.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace akin::inline v0 {

/// The tensors that one parameter of the model stands for: one, or one for each layer of the repeats around it.
struct parameter_entry {
  std::string pattern;             // its name; '*' stands for a layer's number
  named_value::role_kind role{};
  std::vector<std::int64_t> shape;  // of one layer's tensor
  std::vector<std::int64_t> depths, first_numbers;  // of the layers of each repeat around it, outermost first
  std::int64_t slice = 1, count = 1, offset = 0;
};

/// One tensor by its full name, as it stands in a checkpoint.
template <class Real>
struct named_tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  named_value::role_kind role{};
  std::int64_t offset = 0;  // in the flat buffer
  std::span<Real> values;
};

/// The storage behind parameters<Model>: knows names and shapes, no model type.
template <class Real>
class parameter_store {
 public:
  bool bound() const { return bound_; }
  /// Forgets extents and values: the next bind starts anew.
  void release() {
    entries_.clear();
    extents_.clear();
    numbers_ = {};
    bound_ = false;
  }
  std::int64_t size() const { return numbers_.size(); }
  /// On the host; valid until a program or an optimiser writes elsewhere.
  std::span<Real> values() { return numbers_.host(); }
  std::span<const Real> values() const { return numbers_.host(); }
  /// Wherever they are wanted.
  shared_numbers<Real>& numbers() { return numbers_; }
  const std::vector<parameter_entry>& entries() const { return entries_; }
  const std::vector<std::pair<std::string, std::int64_t>>& extents() const { return extents_; }

  const parameter_entry* find(std::string_view pattern) const {
    for (const auto& e : entries_)
      if (e.pattern == pattern) return &e;
    return nullptr;
  }

  /// Every tensor, one for each layer, in the order of the model's definition.
  std::vector<named_tensor<Real>> tensors() {
    std::vector<named_tensor<Real>> all;
    const auto numbers = values();
    for (const auto& e : entries_)
      for (std::int64_t k = 0; k < e.count; ++k)
        all.push_back({name_of_layer(e, k), e.shape, e.role, e.offset + k * e.slice, numbers.subspan(static_cast<std::size_t>(e.offset + k * e.slice), static_cast<std::size_t>(e.slice))});
    return all;
  }

  /// The full name of one layer's tensor.
  static std::string name_of_layer(const parameter_entry& e, std::int64_t k) {
    std::string name = e.pattern;
    std::int64_t inner = e.count;
    for (std::size_t r = 0; r < e.depths.size(); ++r) {
      inner /= std::max<std::int64_t>(e.depths[r], 1);
      const std::string_view pattern{name};
      const std::size_t at = pattern.find('*');
      name = detail::sentence_of({pattern.substr(0, at), e.first_numbers[r] + k / inner, pattern.substr(at + 1)});
      k %= inner;
    }
    return name;
  }

  /// Fixes the extents of the parameters' axes, allocates, and initialises from the seed.
  [[gnu::cold]] void bind(const blueprint& b, const extent_table& given, std::uint64_t seed) {
    if (bound_) fail("parameters: they are bound already");
    release();  // what a bind that failed has left
    std::int64_t numbers = 0;
    for (const named_value& v : b.names) {
      if (v.takes_input()) continue;
      const node& n = b.at(v.node);
      parameter_entry e{given.name(v), v.role, {}, {}, {}, 1, 1, numbers};
      const auto note = [&](int axis) {
        const std::string_view name = given.name(axis);
        const auto size = given.required(axis);
        bool known = false;
        for (const auto& x : extents_) known = known || x.first == name;
        if (!known) extents_.emplace_back(name, size);
        return size;
      };
      const auto times = [&](std::int64_t few, std::int64_t more) {
        return checked_product(few, more, "bind", [&] { return detail::sentence_of({"tensor '", e.pattern, "'", given.shape_text(n.axes)}); });
      };
      for (int k = 0; k < n.axes.rank; ++k) e.shape.push_back(note(n.axes[k])), e.slice = times(e.slice, e.shape.back());
      b.for_each_repeat_around(n.region, [&](int number) {
        const region_entry& around = b.regions[static_cast<std::size_t>(number)];
        e.depths.insert(e.depths.begin(), note(around.depth_axis));
        e.first_numbers.insert(e.first_numbers.begin(), around.first_number);
      });
      for (const auto depth : e.depths) e.count = times(e.count, depth);
      numbers += times(e.slice, e.count);
      entries_.push_back(std::move(e));
    }
    numbers_ = shared_numbers<Real>{"parameters", numbers};
    std::size_t k = 0;
    for (const named_value& v : b.names)
      if (!v.takes_input()) initialise(entries_[k], v.start, b, given, random_stream{seed, k}), ++k;
    bound_ = true;
  }

 private:
  void initialise(const parameter_entry& e, const initial& start, const blueprint& b, const extent_table& extents, random_stream random) {
    double scale = start.scale;
    for (const std::string_view name : start.per) {
      if (name.empty()) break;
      const int count = static_cast<int>(b.axes.size());
      int axis = 0;
      while (axis < count && extents.name(axis) != name) ++axis;
      if (axis == count) fail("parameters: the start of '", e.pattern, "' is divided by axis '", name, "', which the model lacks");
      scale /= std::sqrt(static_cast<double>(extents.required(axis)));
    }
    for (Real& x : values().subspan(static_cast<std::size_t>(e.offset), static_cast<std::size_t>(e.slice * e.count)))
      switch (start.kind) {
        case initial::form::constant: x = static_cast<Real>(scale); break;
        case initial::form::normal: x = static_cast<Real>(scale * random.normal()); break;
        case initial::form::uniform: x = static_cast<Real>(scale * (2 * random.uniform() - 1)); break;
      }
  }

  std::vector<parameter_entry> entries_;
  std::vector<std::pair<std::string, std::int64_t>> extents_;
  shared_numbers<Real> numbers_;
  bool bound_ = false;
};

/// The weights of a model. Programs for training, evaluation and encoding borrow them.
/// Real is float for the cpu backend and double for the reference backend.
template <class Model, class Real = float>
class parameters : public parameter_store<Real> {
 public:
  parameters() = default;
  parameters(const parameters&) = delete;
  parameters& operator=(const parameters&) = delete;

  /// Gives the parameters' axes their extents and initialises: weights.bind(seed, width(64), layers(12)).
  /// errors: compile time "akin: an extent is given by its axis, ..."; run time, naming an axis that has no extent
  template <class... Extents>
  void bind(std::uint64_t seed, const Extents&... given) { bind_to(seed, detail::extents_of(given...)); }
  /// The same with the extents in a list.
  [[gnu::noinline]] void bind_to(std::uint64_t seed, std::span<const extent> given) {
    // The plan that programs have too, where their backend fuses: another one would be made for the names alone.
    const blueprint b = blueprint_of<Model, mode::training, true>();
    extent_table extents{b};
    extents.give(given);
    extents.derive();
    parameter_store<Real>::bind(b, extents, seed);
  }
};

}  // namespace akin::inline v0

// SPDX-License-Identifier: Apache-2.0
// The extents of a bound program: those that were given, and those that follow from them.
#pragma once

#include <akin/graph/blueprint.hpp>
#include <akin/support/error.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace akin::inline v0 {

/// The product of two counts of numbers. `who` asks, and name_of() is the sentence's subject where it is too large.
/// errors: run time, where the product has more numbers than memory can have
template <class NameOf>
std::int64_t checked_product(std::int64_t a, std::int64_t b, std::string_view who, NameOf name_of) {
  constexpr std::int64_t most = std::int64_t{1} << 44;
  if (a > 0 && b > most / a) fail(who, ": ", name_of(), " is too large");
  return a * b;
}

/// Extents by axis number; -1 where none is known.
class extent_table {
 public:
  extent_table() = default;
  explicit extent_table(const blueprint& b) : blueprint_{b}, extents_(b.axes.size(), -1) {}

  /// Who gives the extents, for the sentences of errors.
  void asked_by(std::string_view who) { who_ = who; }

  /// Gives an axis its extent. Axes that the graph lacks are let through where `strict` is false.
  void set(std::string_view axis, std::int64_t size, bool strict = true) {
    if (size < 0) fail(who_, ": axis '", axis, "' cannot have extent ", size);
    for (std::size_t k = 0; k < extents_.size(); ++k)
      if (blueprint_.axes[k].name == axis) {
        extents_[k] = size;
        return;
      }
    if (strict) fail(who_, ": the model has no axis named '", axis, "'");
  }

  /// Gives each of these axes its extent.
  /// errors: run time, for an axis that the graph lacks or that stands there twice
  void give(std::span<const extent> given) {
    for (auto a = given.begin(); a != given.end(); ++a) {
      for (auto b = given.begin(); b != a; ++b)
        if (a->axis == b->axis) fail(who_, ": axis '", a->axis, "' is given twice, as ", b->size, " and as ", a->size);
      set(a->axis, a->size);
    }
  }

  /// Derives what follows from the given extents, and checks what is given twice.
  void derive() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const extent_relation& r : blueprint_.relations) {
        auto& slot = extents_[static_cast<std::size_t>(r.axis)];
        if (r.rule == extent_rule::within) {
          changed = fit_within(r.axis, r.a) || changed;
          continue;
        }
        const std::int64_t value = apply(r);
        if (value < 0) continue;
        if (slot < 0) slot = value, changed = true;
        else if (slot != value) fail(who_, ": axis '", name(r.axis), "' has extent ", slot, ", but ", reason(r), " makes it ", value);
      }
    }
  }

  /// Another extent for one axis, whatever follows from it.
  void replace(int axis, std::int64_t size) { extents_[static_cast<std::size_t>(axis)] = size; }

  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  std::string_view name(int axis) const { return blueprint_.axes[static_cast<std::size_t>(axis)].name; }

  [[gnu::noinline]] std::int64_t size(const axis_list& axes) const {
    std::int64_t product = 1;
    for (int k = 0; k < axes.rank; ++k) product = checked_product(product, required(axes[k]), who_, [&] { return detail::sentence_of({"a tensor", shape_text(axes)}); });
    return product;
  }
  /// Bytes of a node's numbers, in one layer and in all.
  std::int64_t bytes(int n, std::size_t real_bytes) const { return size(blueprint_.at(n).axes) * blueprint_.number_bytes(n, real_bytes); }
  [[gnu::noinline]] std::int64_t bytes_of_layers(int n, std::size_t real_bytes) const {
    std::int64_t all = bytes(n, real_bytes);
    blueprint_.for_each_repeat_around(blueprint_.at(n).region, [&](int r) {
      const int depth = blueprint_.regions[static_cast<std::size_t>(r)].depth_axis;
      all = checked_product(all, (*this)[depth], who_, [&] { return detail::sentence_of({"a tensor", shape_text(blueprint_.at(n).axes), " for each of axis '", name(depth), "'"}); });
    });
    return all;
  }
  std::int64_t required(int axis) const {
    if (const auto e = (*this)[axis]; e >= 0) return e;
    refuse_unknown(axis);
  }

  /// A parameter's name in full, but for a layer's number.
  std::string name(const named_value& v) const {
    const std::string_view pattern = blueprint_.name(v);
    if (v.numbered_by < 0) return std::string{pattern};
    const std::size_t at = pattern.find('#');
    return detail::sentence_of({pattern.substr(0, at), required(v.numbered_by), pattern.substr(at + 1)});
  }

  /// " [images = 64, embed]": axes with the extents that are known.
  [[gnu::cold]] std::string shape_text(const axis_list& axes) const {
    std::string s = " [";
    for (int k = 0; k < axes.rank; ++k) {
      s += detail::sentence_of({k ? ", " : "", name(axes[k])});
      if ((*this)[axes[k]] >= 0) s += detail::sentence_of({" = ", (*this)[axes[k]]});
    }
    s += ']';
    return s;
  }

  template <class T>
  [[gnu::noinline]] view<T> shape(T* data, const axis_list& axes) const {
    view<T> v{data, axes.rank, {}, {}};
    for (int k = 0; k < axes.rank; ++k) v.axis[static_cast<std::size_t>(k)] = axes[k], v.extent[static_cast<std::size_t>(k)] = (*this)[axes[k]];
    return v;
  }

 private:
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_unknown(int axis) const {
    for (const extent_relation& r : blueprint_.relations)  // nobody binds what follows from another axis
      if (r.axis == axis && r.rule == extent_rule::sum && (r.b < 0 ? r.stride < 0 : r.stride == 0))
        if (const int unknown = (*this)[r.a] < 0 ? r.a : r.b; unknown >= 0 && (*this)[unknown] < 0) axis = unknown;
    fail(who_, ": axis '", name(axis), "' has no extent: give it one, as in ", who_, "(", name(axis), "(64))");
  }

  // An axis that must not be longer than another; where only one is known the other is as long.
  bool fit_within(int shorter, int longer) {
    auto &few = extents_[static_cast<std::size_t>(shorter)], &many = extents_[static_cast<std::size_t>(longer)];
    if (few > many && many >= 0) fail(who_, ": axis '", name(shorter), "' has extent ", few, ", but '", name(longer), "' has only ", many);
    if ((few < 0) == (many < 0)) return false;
    (few < 0 ? few : many) = few < 0 ? many : few;
    return true;
  }

  std::int64_t apply(const extent_relation& r) const {
    if (r.rule == extent_rule::fixed) return r.stride;
    const auto a = (*this)[r.a], b = r.b < 0 ? 0 : (*this)[r.b];
    if (a < 0 || b < 0) return -1;
    switch (r.rule) {
      case extent_rule::product: return checked_product(a, b, who_, [&] { return detail::sentence_of({"axis '", name(r.axis), "'"}); });
      case extent_rule::sum:
        if (a + b + r.stride < 0) fail(who_, ": axis '", name(r.a), "' has extent ", a, ", expected at least ", -r.stride);
        return a + b + r.stride;
      case extent_rule::same: return a;
      case extent_rule::quotient:
        if (b == 0 || a % b != 0) fail(who_, ": axis '", name(r.a), "' of extent ", a, " cannot be split into ", b, " equal parts (axis '", name(r.b), "')");
        return a / b;
      case extent_rule::windows: {
        const auto stride = r.stride == 0 ? b : r.stride;
        if (stride == 0) fail(who_, ": axis '", name(r.b), "' cannot have extent 0 as a window");
        if (a + 2 * r.padding < b) fail(who_, ": axis '", name(r.a), "' of extent ", a, " is smaller than its window '", name(r.b), "' of ", b);
        return (a + 2 * r.padding - b) / stride + 1;
      }
      case extent_rule::fixed:
      case extent_rule::within: break;
    }
    return -1;
  }
  [[gnu::cold]] std::string reason(const extent_relation& r) const {
    if (r.rule == extent_rule::fixed) return "its type";
    std::string s = detail::sentence_of({"'", name(r.a), "' = ", (*this)[r.a]});
    if (r.b >= 0) s += detail::sentence_of({" with '", name(r.b), "' = ", (*this)[r.b]});
    return s;
  }

  blueprint blueprint_{};
  std::string_view who_ = "bind";
  std::vector<std::int64_t> extents_;
};

}  // namespace akin::inline v0

// SPDX-License-Identifier: Apache-2.0
// Extents: derived in both directions, and every conflict one sentence.
#include "graph/models.hpp"

#include <doctest/doctest.h>

using namespace akin;

inline constexpr struct features : axis<"features"> {} features;
inline constexpr struct heads : axis<"heads"> {} heads;
inline constexpr struct head_width : axis<"head_width"> {} head_width;
inline constexpr struct more : axis<"more"> {} more;
inline constexpr struct twin : axis<"twin"> {} twin;
inline constexpr struct fixed : axis<"fixed", 3> {} fixed;
inline constexpr struct height : axis<"height"> {} height;
inline constexpr struct across : axis<"width"> {} across;
inline constexpr struct kernel_height : axis<"kernel_height"> {} kernel_height;
inline constexpr struct kernel_width : axis<"kernel_width"> {} kernel_width;
inline constexpr struct filters : axis<"filters"> {} filters;

namespace {

struct shapes {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, features);
    const auto s = sum(split(x, features, heads, head_width), over(heads));
    const auto token = m.parameter<"token">(initial::constant(1));
    const auto longer = prepend(token, rename(x, features, twin), twin, more);
    return sum(s) + sum(longer) + sum(m.input<"rgb">(fixed));
  }
};

struct convolution {
  static constexpr auto define(model& m) {
    const auto weight = m.parameter<"weight">(initial::constant(1), filters, fixed, kernel_height, kernel_width);
    const auto x = m.data<"x">(images, height, across, fixed);
    return sum(conv2d<2, 1>(x, weight, height, across)) + sum(conv2d<0, 0>(x, weight, height, across));
  }
};

struct keeps_size {
  static constexpr auto define(model& m) {
    const auto weight = m.parameter<"weight">(initial::constant(1), filters, fixed, kernel_height, kernel_width);
    return sum(conv2d<1, 1>(m.data<"x">(images, height, across, fixed), weight, height, across));
  }
};

struct with_a_queue {
  static constexpr auto define(model& m) { return sum(concatenate(m.input<"y">(images, features), m.input<"queue">(height, features), across)); }
};

template <class Model, class... Extents>
extent_table bound(const Extents&... given) {
  extent_table t{blueprint_of<Model, mode::training, false>()};
  (t.set(given.axis, given.size), ...);
  t.derive();
  return t;
}

template <class Model>
int axis_number(std::string_view axis) {
  const auto b = blueprint_of<Model, mode::training, false>();
  for (std::size_t k = 0; k < b.axes.size(); ++k)
    if (b.axes[k].name == axis) return static_cast<int>(k);
  return -1;
}

template <class Model>
std::int64_t extent_of(const extent_table& t, std::string_view axis) {
  const int number = axis_number<Model>(axis);
  return number < 0 ? -2 : t[number];
}

template <class F>
std::string sentence_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("extents follow from each other, whichever is given") {
  for (const auto& t : {bound<shapes>(images(2), features(12), heads(3)), bound<shapes>(images(2), heads(3), head_width(4))}) {
    CHECK(extent_of<shapes>(t, "features") == 12);
    CHECK(extent_of<shapes>(t, "head_width") == 4);
    CHECK(extent_of<shapes>(t, "twin") == 12);
    CHECK(extent_of<shapes>(t, "more") == 13);
    CHECK(extent_of<shapes>(t, "fixed") == 3);
  }
}

TEST_CASE("windows of a convolution") {
  const auto t = bound<convolution>(images(2), height(9), across(8), kernel_height(3), kernel_width(3), filters(5));
  CHECK(extent_of<convolution>(t, "height/2") == 5);
  CHECK(extent_of<convolution>(t, "width/2") == 4);
  CHECK(extent_of<convolution>(t, "height/kernel_height") == 3);
  CHECK(extent_of<convolution>(t, "width/kernel_width") == 2);
  const auto same = bound<keeps_size>(images(2), height(9), across(8), kernel_height(3), kernel_width(3), filters(5));
  CHECK(extent_of<keeps_size>(same, "height") == 9);
}

TEST_CASE("conflicts are one sentence with the numbers") {
  CHECK(sentence_of([] { bound<shapes>(images(2), features(12), heads(5)); }) == "bind: axis 'features' of extent 12 cannot be split into 5 equal parts (axis 'heads')");
  CHECK(sentence_of([] { bound<shapes>(images(2), features(12), heads(3), head_width(5)); }).find("bind: axis 'head_width' has extent 5, but 'features' = 12 with 'heads' = 3 makes it 4") == 0);
  CHECK(sentence_of([] { bound<shapes>(features(12), heads(3), fixed(4)); }) == "bind: axis 'fixed' has extent 4, but its type makes it 3");
  CHECK(sentence_of([] { bound<shapes>(features(12), heads(0)); }).find("cannot be split into 0 equal parts") != std::string::npos);
  CHECK(sentence_of([] { bound<shapes>(features(12), more(12)); }).find("axis 'more' has extent 12") != std::string::npos);
  CHECK(sentence_of([] { bound<shapes>(filters(12)); }) == "bind: the model has no axis named 'filters'");
  CHECK(sentence_of([] { bound<shapes>(features(-1)); }) == "bind: axis 'features' cannot have extent -1");
  CHECK(sentence_of([] { bound<convolution>(height(0), kernel_height(3)); }) == "bind: axis 'height' of extent 0 is smaller than its window 'kernel_height' of 3");
  CHECK(sentence_of([] { bound<keeps_size>(height(9), kernel_height(5)); }).find("axis 'height' has extent 9") != std::string::npos);
  const std::int64_t many = std::int64_t{1} << 30;
  const auto large = bound<shapes>(images(many), features(3 * many), heads(3));
  const auto b = blueprint_of<shapes, mode::training, false>();
  CHECK(sentence_of([&] { large.size(b.nodes[0].axes); }) == "bind: a tensor [images = 1073741824, features = 3221225472] is too large");
  const auto t = bound<shapes>(features(12));
  CHECK(sentence_of([&] { t.required(0); }) == "bind: axis 'images' has no extent: give it one, as in bind(images(64))");
  const auto all = axis_number<with_a_queue>(across.name);
  CHECK(sentence_of([&] { bound<with_a_queue>(images(2), features(3)).required(all); }) == "bind: axis 'height' has no extent: give it one, as in bind(height(64))");
  CHECK(sentence_of([&] { bound<with_a_queue>(height(2), features(3)).required(all); }) == "bind: axis 'images' has no extent: give it one, as in bind(images(64))");
}

TEST_CASE("a product of extents beyond 2^31 is computed in 64 bits") {
  const auto t = bound<shapes>(images(100000), features(90000), heads(3));
  const auto b = blueprint_of<shapes, mode::training, false>();
  CHECK(t.size(b.at(0).axes) == 9000000000);
}

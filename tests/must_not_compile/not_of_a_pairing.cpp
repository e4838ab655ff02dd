// SPDX-License-Identifier: Apache-2.0
// A pairing negated where nothing says which model is meant.
// expect: akin: paired(a, b) belongs to no model yet: write paired(m, a, b)
// shows: images
// max-lines: 12
#include <akin/expr/predicates.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct texts : akin::batch<"texts"> {} texts;

struct made {
  static constexpr auto define([[maybe_unused]] akin::model& m) {
#ifdef AKIN_EXPECT_ERROR
    return akin::count(!akin::paired(images, texts));
#else
    return akin::count(!akin::paired(m, images, texts));
#endif
  }
};

int main() {
  akin::model m;
  return made::define(m).id < 0;
}

// SPDX-License-Identifier: Apache-2.0
// A causal transformer whose chosen token would see later ones.
// expect: akin: transformer_of_one: tokens do not see all others: say what the chosen one sees
// max-lines: 12
#include <akin/akin.hpp>
#include <akin/nn/transformer.hpp>

inline constexpr struct texts : akin::batch<"texts"> {} texts;
inline constexpr struct tokens : akin::axis<"tokens"> {} tokens;
inline constexpr struct width : akin::axis<"width"> {} width;
inline constexpr struct heads : akin::axis<"heads"> {} heads;
inline constexpr struct hidden : akin::axis<"hidden"> {} hidden;
inline constexpr struct layers : akin::axis<"layers"> {} layers;

struct reads {
  static constexpr auto define(akin::model& m) {
    const auto first = [](auto each) { return take(each, tokens, 0); };
#ifdef AKIN_EXPECT_ERROR
    constexpr auto visible = akin::earlier_tokens;
#else
    constexpr auto visible = akin::all_tokens;
#endif
    return sum(transformer_of_one(m, "transformer", m.input<"x">(texts, tokens, width), layers, heads, hidden, first, akin::quick_gelu, visible));
  }
};

int main() {
  akin::parameters<reads, float> weights;
  akin::program<reads, akin::cpu_backend> p{weights};
}

// SPDX-License-Identifier: Apache-2.0
// An operation of a user, and no kernel of it for this backend.
// expect: akin: kernel: this operation has no kernel for this backend
// max-lines: 12
#include <akin/akin.hpp>

inline constexpr struct images : akin::batch<"images"> {} images;
inline constexpr struct embed : akin::axis<"embed"> {} embed;

constexpr void twice_vjp(akin::model& m, int n, int g) { m.add_adjoint(m.at(n).in[0], akin::build::multiply(m, g, akin::build::constant(m, 2))); }
inline constexpr akin::operation twice_op{"twice", akin::role::kernel, akin::vjp_of<twice_vjp>};
template <class Axes>
constexpr akin::expr<akin::real, Axes> twice(akin::expr<akin::real, Axes> a) {
  akin::node n = a.owner->at(a.id);
  n = {&twice_op, {static_cast<std::int16_t>(a.id), -1, -1, -1}, n.axes};
  return {a.owner, a.owner->put(n)};
}

struct made {
  static constexpr auto define(akin::model& m) {
    const auto x = m.input<"x">(images, embed);
#ifdef AKIN_EXPECT_ERROR
    return sum(twice(x));
#else
    return sum(x * 2);
#endif
  }
};

int main() {
  akin::parameters<made, float> weights;
  akin::program<made, akin::cpu_backend> p{weights};
  p.forward();
}

// SPDX-License-Identifier: Apache-2.0
// Blueprints: the constexpr graph and plan in arrays of exactly their size.
#include "graph/models.hpp"

#include <doctest/doctest.h>

using namespace akin;

TEST_CASE("a blueprint holds the graph and the plan, whole") {
  const auto b = blueprint_of<deep_model, mode::training, true>();
  const model& m = full_graph<deep_model, mode::training>;
  const plan& p = detail::plan_of<deep_model, mode::training, true>;
  REQUIRE(static_cast<int>(b.nodes.size()) == m.size);
  for (int k = 0; k < m.size; ++k) CHECK(b.at(k) == m.at(k));
  REQUIRE(static_cast<int>(b.tape.size()) == p.tape_size);
  for (std::size_t k = 0; k < b.tape.size(); ++k) CHECK(b.tape[k] == p.tape[k]);
  CHECK(static_cast<int>(b.steps.size()) == p.step_count);
  CHECK(b.result == m.result);
  CHECK(b.has_gradients);
  CHECK(b.regions.size() == 5);
  int listed = 0;
  for (const auto& r : b.ranges) {
    CHECK(r.begin == listed);
    listed += r.count;
  }
  CHECK(listed == p.step_count);
  CHECK(b.name(b.names[0]) == "projection");
  for (int k = 0; k < m.size; ++k) {
    CHECK(b.home(k) == home_of(m, k));
    CHECK(b.at(b.home(k)).op->plays != role::alias);
  }
}

TEST_CASE("the forward part of evaluation is all of it") {
  const auto b = blueprint_of<clip_loss, mode::evaluation, true>();
  CHECK(b.forward_steps == static_cast<int>(b.steps.size()));
  CHECK(b.pair_passes == 1);
  CHECK_FALSE(b.has_gradients);  // or a program would have room for them
  CHECK(static_cast<int>(b.nodes.size()) == b.forward_size);
}

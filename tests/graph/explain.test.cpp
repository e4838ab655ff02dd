// SPDX-License-Identifier: Apache-2.0
// explain(): a step a line, with what was fused; sizes where the program is bound. Blueprints: exact sizes of the same arrays.
#include "graph/models.hpp"
#include "tested_backend.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace akin;

namespace {

int lines_of(const std::string& s) { return static_cast<int>(std::count(s.begin(), s.end(), '\n')); }
bool has(const std::string& s, const std::string& part) { return s.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the CLIP loss in words, before and after bind") {
  const auto b = blueprint_of<clip_loss, mode::training, true>();
  const std::string before = explain(b, nullptr, nullptr);
  CHECK(has(before, "2 passes over the pairs"));
  CHECK(has(before, "pair pass 1 of tiles [images, texts], never stored"));
  CHECK(has(before, "log_sum_exp to [images]"));
  CHECK(has(before, "contracts to [texts, embed]"));
  CHECK(has(before, "forward:\n"));
  CHECK(has(before, "backward:\n"));
  CHECK(!has(before, "memory:"));
  CHECK(lines_of(before) == 3 + static_cast<int>(b.steps.size()));

  parameters<clip_loss> w;
  program<clip_loss, akin_test::tested_backend> p{w, akin_test::tested_settings[0]};
  const std::string unbound = p.explain();
  CHECK(has(unbound, "line by line of [images]:\n    map [images, embed]") == akin_test::tested_backend::runs_lines);
  if (!akin_test::tested_backend::runs_lines) {
    CHECK(unbound.starts_with(before));
    CHECK(has(unbound, "\nproducts by "));
  }
  p.bind(images(300), texts(300), embed(8));
  const std::string after = p.explain();
  INFO(after);
  using akin_test::tested_backend;
  const std::string product = "a product of " + bytes_text(tested_backend::kept_pairs(300, 300) * 4);
  CHECK(tested_backend::kept_pairs(300, 300) >= 300 * 300);
  CHECK(has(after, "pair pass 1 of tiles [images = 300, texts = 300], " + product + " kept for later passes, 1.44 MFLOP: "));  // 2 * 300 * 300 * 8
  CHECK(has(after, "pair pass 2 of tiles [images = 300, texts = 300], " + product + " kept by an earlier pass, 2.88 MFLOP, waits for "));
  p.pair_budget(0);
  p.bind(images(300), texts(300), embed(8));
  CHECK(has(p.explain(), "pair pass 2 of tiles [images = 300, texts = 300], never stored, 4.32 MFLOP, waits for "));
  CHECK(has(after, "memory: one arena of "));
  CHECK(lines_of(after) == lines_of(unbound) + (tested_backend::computes_on_host ? 1 : 4));  // memory; then the device's, its panels, its scratch
  CHECK(p.bytes() > 0);
}

TEST_CASE("repeats are listed as regions") {
  const auto text = explain(blueprint_of<deep_model, mode::training, true>(), nullptr, nullptr);
  CHECK(has(text, "repeat over layers (region 1)"));
  CHECK(has(text, "region 2:\n"));
  CHECK(has(text, "gradient of region 1:\n"));
}

TEST_CASE("numbers are short") {
  CHECK(bytes_text(0) == "0.0 kB");
  CHECK(bytes_text(1500) == "1.5 kB");
  CHECK(bytes_text(25000000) == "25.0 MB");
  CHECK(bytes_text(999960000) == "1.0 GB");
  CHECK(bytes_text(136339441844224) == "136.3 TB");
  CHECK(bytes_text(std::numeric_limits<std::int64_t>::max()) == "9.2 EB");
  CHECK(count_text(17.18e9) == "17.2 G");
  CHECK(count_text(0) == "0 ");
}

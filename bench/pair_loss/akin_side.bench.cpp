// SPDX-License-Identifier: Apache-2.0
// akin's side of compare.py: reads lines "n objective precision [bytes of pair_budget]", makes one step each, and answers with
// "seconds loss length_of_the_gradient_of_x share_of_peak peak_bytes".
#include "pair_loss/loss_run.hpp"

#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

namespace {

using namespace akin_bench;
using akin::over, akin::paired;

constexpr auto logits(akin::model& m) {
  return cosine(m.input<"x">(images, embed), m.input<"y">(texts, embed)) * akin::learnable_temperature(m);
}

struct clip {
  static constexpr auto define(akin::model& m) { return info_nce(logits(m), paired(images, texts)); }
};
struct hard_negatives {
  static constexpr auto define(akin::model& m) {
    return akin::hard_negatives(logits(m), paired(images, texts), over(texts), 1, 0.1, -akin::learnable_temperature(m));
  }
};
struct supervised {
  static constexpr auto define(akin::model& m) {
    return supervised_out(logits(m), same(m.indices<"ids">(images), m.indices<"ids of texts">(texts)), over(texts));
  }
};
struct siglip {
  static constexpr auto define(akin::model& m) {
    return akin::siglip(logits(m) + akin::learnable_bias(m), paired(images, texts), over(texts));
  }
};

struct question {
  std::int64_t n = 0;
  std::string objective, precision;
  std::int64_t budget = default_budget;
  bool forward_alone() const { return objective == "clip_sums"; }
};

akin::precision precision_of(const std::string& name) {
  if (name == "fp32") return akin::precision::fp32;
  if (name == "bf16") return akin::precision::bf16;
  if (name == "bf16_split") return akin::precision::bf16_split;
  akin::fail("precision: got '", name, "', expected fp32, bf16 or bf16_split");
}

template <class Model>
std::unique_ptr<loss_run> make(const question& q, const std::shared_ptr<akin::thread_pool>& pool, const embeddings& e) {
  return std::make_unique<loss_run_of<Model>>(q.n, pool, precision_of(q.precision), q.budget, e);
}
std::unique_ptr<loss_run> make_run(const question& q, const std::shared_ptr<akin::thread_pool>& pool, const embeddings& e) {
  if (q.objective == "clip" || q.forward_alone()) return make<clip>(q, pool, e);
  if (q.objective == "hard_negatives") return make<hard_negatives>(q, pool, e);
  if (q.objective == "supervised") return make<supervised>(q, pool, e);
  if (q.objective == "siglip") return make<siglip>(q, pool, e);
  akin::fail("objective: got '", q.objective, "', expected clip, clip_sums, hard_negatives, supervised or siglip");
}

/// The register peaks, measured at the start and again at every question: the best of all, since others may hold a core for a
/// while.
class peaks {
 public:
  explicit peaks(akin::thread_pool& pool) : pool_{pool} {
    for (int k = 0; k < 10; ++k) measure();
  }
  void measure() {
    fp32_ = std::max(fp32_, fp32_peak(pool_, akin::cpu::best_isa()));
    bf16_ = std::max(bf16_, bf16_peak(pool_, akin::cpu::best_bf16_isa()));
  }
  /// Seconds that the registers would need for these products, each in the form in which it is computed; where tiles compute in fp32, those of vectors.
  double least_seconds(akin::precision precision, const pair_work& work) const {
    const auto forms = akin::cpu::pair_forms_of(precision, akin::cpu::best_bf16_isa());
    return seconds_of(forms.similarity, work.similarity) + seconds_of(forms.gradient, work.gradient);
  }

 private:
  double seconds_of(akin::cpu::product_form form, double operations) const {
    if (form == akin::cpu::product_form::fp32 || form == akin::cpu::product_form::exact) return operations / fp32_;
    return operations * (form == akin::cpu::product_form::split ? 3 : 1) / bf16_;
  }

  akin::thread_pool& pool_;
  double fp32_ = 0, bf16_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto pool = std::make_shared<akin::thread_pool>(argc > 1 ? std::atoi(argv[1]) : akin::thread_pool::hardware());
  peaks peak{*pool};
  std::unique_ptr<embeddings> inputs;
  std::map<std::string, std::unique_ptr<loss_run>> runs;  // of one n and objective
  std::string at;
  for (std::string line; std::getline(std::cin, line);) {
    question q;
    std::istringstream words{line};
    words >> q.n >> q.objective >> q.precision >> q.budget;
    if (words.fail()) q.budget = default_budget;
    if (const auto now = std::to_string(q.n) + q.objective; now != at) {
      runs.clear();
      at = now;
      inputs.reset();
      inputs = std::make_unique<embeddings>(q.n);
    }
    auto& run = runs[q.precision + std::to_string(q.budget)];
    if (!run) run = make_run(q, pool, *inputs);

    peak.measure();
    const double least = peak.least_seconds(precision_of(q.precision), run->work(q.forward_alone()));
    double loss = 0;
    const double taken = seconds([&] { loss = run->step(q.forward_alone()); });
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::cout << taken << ' ' << loss << ' ' << (q.forward_alone() ? 0 : run->gradient_length()) << ' ' << least / taken << ' '
              << used.ru_maxrss * 1024 << std::endl;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Every objective of docs/objectives.md, forward and backward in fp32: its products a second relative to those of the CLIP loss,
// whose steps are made between its own. usage: pair_loss.catalogue.bench [n = 4096 [threads = 2 [rounds = 5 [part of a name]]]]
#include "pair_loss/loss_run.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace akin_bench;
using namespace akin;

inline constexpr struct others : batch<"others"> {
} others;
inline constexpr struct views : batch<"views"> {
} views;
inline constexpr struct keys : batch<"keys"> {
} keys;

constexpr auto logits(model& m, auto cosines) { return cosines * learnable_temperature(m); }

/// A model around one objective, which is a lambda without state.
template <class Objective>
struct model_of {
  static constexpr auto define(model& m) {
    const auto x = m.input<"x">(images, embed);
    const auto y = m.input<"y">(texts, embed);
    return Objective{}(m, x, y, cosine(x, y), predicate(m, paired(images, texts)));
  }
};

constexpr auto clip = [](auto& m, auto, auto, auto c, auto own) { return info_nce(logits(m, c), own); };

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

class catalogue {
 public:
  catalogue(std::int64_t n, int threads, int rounds, std::string_view wanted)
      : n_{n}, rounds_{rounds}, wanted_{wanted}, pool_{std::make_shared<thread_pool>(threads)}, inputs_{n}, clip_{make(clip)} {
    std::printf("%-38s %6s %18s %8s %9s %8s\n", "objective", "passes", "products of 2n^2 d", "seconds", "GFLOP/s", "of clip");
  }

  template <class Objective>
  void measure(const char* name, Objective objective) {
    if (std::string_view{name}.find(wanted_) == std::string_view::npos) return;
    const auto run = make(objective);
    std::vector<double> taken, taken_by_clip;
    for (int k = 0; k <= rounds_; ++k) {
      const double of_clip = seconds([&] { clip_->step(false); }), of_run = seconds([&] { run->step(false); });
      if (k > 0) taken_by_clip.push_back(of_clip), taken.push_back(of_run);
    }
    const pair_work work = run->work(false);
    const double product = 2 * static_cast<double>(n_ * n_ * width), rate = work.all() / median(taken),
                 rate_of_clip = clip_->work(false).all() / median(taken_by_clip);
    std::printf("%-38s %6d %18.0f %8.4f %9.1f %8.2f\n", name, work.passes, work.all() / product, median(taken), rate * 1e-9,
                rate / rate_of_clip);
    std::fflush(stdout);
  }

 private:
  template <class Objective>
  std::unique_ptr<loss_run> make(Objective) {
    return std::make_unique<loss_run_of<model_of<Objective>>>(n_, pool_, precision::fp32, default_budget, inputs_);
  }

  std::int64_t n_;
  int rounds_;
  std::string_view wanted_;
  std::shared_ptr<thread_pool> pool_;
  embeddings inputs_;
  std::unique_ptr<loss_run> clip_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int k, int otherwise) { return argc > k ? std::atoi(argv[k]) : otherwise; };
  catalogue each{argument(1, 4096), argument(2, 2), argument(3, 5), argc > 4 ? argv[4] : ""};
  const auto same_class = [](model& m) { return same(m.indices<"ids">(images), m.indices<"ids of texts">(texts)); };
  using classes = decltype(same_class);

  each.measure("InfoNCE, one way",
               [](auto& m, auto, auto, auto c, auto own) { return info_nce(logits(m, c), own, over(texts)); });
  each.measure("CLIP", clip);
  each.measure("several positives", [](auto& m, auto, auto, auto c, auto) { return info_nce(logits(m, c), classes{}(m)); });
  each.measure("false negatives left out",
               [](auto& m, auto, auto, auto c, auto own) { return info_nce(without(logits(m, c), classes{}(m) && !own), own); });
  each.measure("a queue of older keys", [](auto& m, auto x, auto y, auto, auto) {
    const auto all = concatenate(y, m.template data<"queue">(queue, embed), keys);
    return info_nce(cosine(x, all) / 0.07, paired(images, keys), over(keys));
  });
  each.measure("on distances",
               [](auto&, auto x, auto y, auto, auto own) { return info_nce(-squared_distance(x, y), own, over(texts)); });
  each.measure("SigLIP",
               [](auto& m, auto, auto, auto c, auto own) { return siglip(logits(m, c) + learnable_bias(m), own, over(texts)); });
  each.measure("NT-Xent", [](auto&, auto x, auto y, auto, auto) {
    const auto z = concatenate(x, y, views);
    return nt_xent(cosine(z, rename(z, views, others)) / 0.5, images);
  });
  each.measure("supervised, mean outside",
               [](auto& m, auto, auto, auto c, auto) { return supervised_out(logits(m, c), classes{}(m), over(texts)); });
  each.measure("supervised, mean inside",
               [](auto& m, auto, auto, auto c, auto) { return supervised_in(logits(m, c), classes{}(m), over(texts)); });
  each.measure("supervised on one set", [](auto& m, auto x, auto, auto, auto) {
    const auto itself = predicate(m, paired(images, others));
    const auto ids = m.template indices<"ids">(images);
    const auto s = cosine(x, rename(x, images, others)) * learnable_temperature(m);
    return supervised_out(without(s, itself), same(ids, rename(ids, images, others)) && !itself, over(others));
  });
  each.measure("decoupled", [](auto& m, auto, auto, auto c, auto own) { return decoupled(logits(m, c), own, over(texts)); });
  each.measure("decoupled, both ways", [](auto& m, auto, auto, auto c, auto own) {
    return both_ways(logits(m, c), [&](auto o) { return decoupled(logits(m, c), own, o); });
  });
  each.measure("debiased", [](auto& m, auto, auto, auto c, auto own) {
    return debiased(logits(m, c), own, over(texts), 0.1, -learnable_temperature(m));
  });
  each.measure("hard negatives weighted", [](auto& m, auto, auto, auto c, auto own) {
    return hard_negatives(logits(m, c), own, over(texts), 1, 0.1, -learnable_temperature(m));
  });
  each.measure("the 8 hardest negatives only", [](auto& m, auto, auto, auto c, auto own) {
    return info_nce(hardest<8>(logits(m, c), own, over(texts)), own, over(texts));
  });
  each.measure("N-pair", [](auto&, auto x, auto y, auto, auto own) {
    return n_pair(dot(x, y), own, over(texts)) + 0.02 * (squared_norm(x) + squared_norm(y));
  });
  each.measure("additive margin", [](auto& m, auto, auto, auto c, auto own) {
    return info_nce(additive_margin(c, own, 0.2) * learnable_temperature(m), own, over(texts));
  });
  each.measure("angular margin", [](auto& m, auto, auto, auto c, auto own) {
    return info_nce(angular_margin(c, own, 0.3) * learnable_temperature(m), own, over(texts));
  });
  each.measure("hinge, all negatives", [](auto&, auto, auto, auto c, auto own) {
    return hinge_sum(c, own, over(texts), 0.2) + hinge_sum(c, own, over(images), 0.2);
  });
  each.measure("hinge, hardest negative", [](auto&, auto, auto, auto c, auto own) {
    return hinge_hardest(c, own, over(texts), 0.2) + hinge_hardest(c, own, over(images), 0.2);
  });
  each.measure("triplets, hardest", [](auto&, auto x, auto y, auto, auto own) {
    return triplet_hardest(euclidean_distance(x, y), own, over(texts), 0.2);
  });
  each.measure("triplets, semi-hard", [](auto&, auto x, auto y, auto, auto own) {
    return triplet_semi_hard(euclidean_distance(x, y), own, over(texts), 0.2);
  });
  each.measure("alignment of several positives",
               [](auto& m, auto x, auto y, auto, auto) { return alignment(squared_distance(x, y), classes{}(m)); });
  each.measure("uniformity", [](auto&, auto x, auto, auto, auto) {
    return uniformity(squared_distance(x, rename(x, images, others)), paired(images, others), 2);
  });
  each.measure("label smoothing",
               [](auto& m, auto, auto, auto c, auto own) { return label_smoothing(logits(m, c), own, over(texts), 0.1); });
  each.measure("soft targets", [](auto& m, auto, auto, auto c, auto) {
    const auto nearness = exp(-abs(broadcast(as_real(position(m, images)), texts) - as_real(position(m, texts))) / 3);
    return cross_entropy(logits(m, c), nearness, over(texts));
  });
  each.measure("distillation", [](auto& m, auto, auto, auto c, auto) {
    return distillation(logits(m, c),
                        20 * dot(m.template data<"teacher's x">(images, embed), m.template data<"teacher's y">(texts, embed)));
  });
  each.measure("a weighted sum", [](auto& m, auto, auto, auto c, auto own) {
    return 0.75 * info_nce(logits(m, c), own) + 0.25 * siglip(logits(m, c) + learnable_bias(m), own, over(texts));
  });
}

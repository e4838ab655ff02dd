// SPDX-License-Identifier: Apache-2.0
// akin-clip on the cpu backend. Each objective is compiled in a file of its own.
#include "computer.hpp"
#include "encoder_programs.hpp"

namespace clip_program {

double train_with_one_positive(labelled_run& s, const std::shared_ptr<akin::thread_pool>& pool, encoders& encode);
double train_with_positives_of_class(labelled_run& s, const std::shared_ptr<akin::thread_pool>& pool, encoders& encode);

namespace {

class cpu_computer : public computer {
 public:
  explicit cpu_computer(int threads)
      : pool_{std::make_shared<akin::thread_pool>(threads > 0 ? threads : akin::thread_pool::hardware())} {}

  std::string name() const override { return std::to_string(pool_->size()) + " threads"; }
  std::unique_ptr<encoders> make_encoders(akin::parameter_store<float>& weights, const model_sizes& sizes,
                                          pixel_scale scale) override {
    return std::make_unique<encoder_programs<akin::cpu_backend>>(weights, sizes, scale, pool_);
  }
  double train(labelled_run& s, encoders& encode) override {
    return s.options.objective == "one" ? train_with_one_positive(s, pool_, encode)
                                        : train_with_positives_of_class(s, pool_, encode);
  }

 private:
  std::shared_ptr<akin::thread_pool> pool_;
};

}  // namespace

std::unique_ptr<computer> make_cpu_computer(int threads) { return std::make_unique<cpu_computer>(threads); }

}  // namespace clip_program

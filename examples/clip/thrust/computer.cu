// SPDX-License-Identifier: Apache-2.0
// akin-clip on the Thrust backend: compiled by nvcc for CUDA, and by the host's compiler otherwise.
#include "../computer.hpp"
#include "../encoder_programs.hpp"
#include "../labelled_training.hpp"

#include <akin/backend/thrust/thrust.hpp>

namespace clip_program {
namespace {

class thrust_computer : public computer {
 public:
  std::string name() const override { return "Thrust"; }
  std::unique_ptr<encoders> make_encoders(akin::parameter_store<float>& weights, const model_sizes& sizes,
                                          pixel_scale scale) override {
    return std::make_unique<encoder_programs<akin::thrust_backend>>(weights, sizes, scale);
  }
  double train(labelled_run& s, encoders& encode) override {
    using clip_model::positives;
    return s.options.objective == "one" ? train_labelled<positives::one, akin::thrust_backend>(s, encode)
                                        : train_labelled<positives::same_class, akin::thrust_backend>(s, encode);
  }
};

}  // namespace

std::unique_ptr<computer> make_thrust_computer() { return std::make_unique<thrust_computer>(); }

}  // namespace clip_program

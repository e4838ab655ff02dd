// SPDX-License-Identifier: Apache-2.0
// Training with the paper's one positive for each image.
#include "labelled_training.hpp"

namespace clip_program {

double train_with_one_positive(labelled_run& s, const std::shared_ptr<akin::thread_pool>& pool, encoders& encode) { return train_labelled<clip_model::positives::one, akin::cpu_backend>(s, encode, pool); }

}  // namespace clip_program

// SPDX-License-Identifier: Apache-2.0
// Training with every caption of an image's class as a positive.
#include "labelled_training.hpp"

namespace clip_program {

double train_with_positives_of_class(labelled_run& s, const std::shared_ptr<akin::thread_pool>& pool, encoders& encode) { return train_labelled<clip_model::positives::same_class, akin::cpu_backend>(s, encode, pool); }

}  // namespace clip_program

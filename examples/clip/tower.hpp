// SPDX-License-Identifier: Apache-2.0
// The towers of public models as programs on the cpu backend, without their types. Each family is compiled in a file of its own.
#pragma once

#include <akin/clip/folder.hpp>
#include <akin/support/threads.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace clip_program {

using threads = std::shared_ptr<akin::thread_pool>;

/// One tower with its weights.
template <class Number>
class tower {
 public:
  virtual ~tower() = default;
  /// Features before they are scaled to unit length.
  /// shapes: whole inputs -> [inputs, embed]
  virtual std::vector<float> features(std::span<const Number> inputs) = 0;
};
using image_tower = tower<float>;        // pixels [3, height, width]
using text_tower = tower<std::int32_t>;  // ids [context]

struct comparison;
class golden_folder;
class trained_clip;

/// What is compiled for each family of models.
struct model_family {
  std::unique_ptr<image_tower> (*images)(const akin::clip_folder& model, const threads& pool);
  std::unique_ptr<text_tower> (*texts)(const akin::clip_folder& model, const threads& pool);
  /// Loss, gradients and steps of training against what the folder holds.
  std::vector<comparison> (*verify_training)(const golden_folder& golden, const threads& pool);
  /// Both towers with fresh weights, and the objective they are trained with.
  std::unique_ptr<trained_clip> (*make_trained)(const akin::clip_architecture& model, std::int64_t batch, std::uint64_t seed,
                                                const threads& pool);
};

extern const model_family vision_transformers, residual_networks, siglips;

inline const model_family& family_of(const akin::clip_architecture& a) {
  switch (a.family) {
    case akin::clip_family::residual_network:
      return residual_networks;
    case akin::clip_family::siglip:
      return siglips;
    case akin::clip_family::vision_transformer:
      break;
  }
  return vision_transformers;
}

}  // namespace clip_program

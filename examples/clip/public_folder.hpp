// SPDX-License-Identifier: Apache-2.0
// A folder with a public model, told from one that train wrote.
#pragma once

#include <akin/clip/folder.hpp>

#include <filesystem>
#include <string>

namespace clip_program {

/// errors: run time: a folder of train; as open_clip_folder
inline akin::clip_folder open_public_folder(const std::string& folder) {
  akin::require_folder(folder);
  const auto has = [&](const char* name) { return std::filesystem::exists(folder + "/" + name); };
  if (has("checkpoint.safetensors") && !has("open_clip_model.safetensors") && !has("model.safetensors"))
    akin::fail("'", folder, "' has neither open_clip_model.safetensors nor model.safetensors; it was made by train: classify reads it");
  return akin::open_clip_folder(folder);
}

}  // namespace clip_program

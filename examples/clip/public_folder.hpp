// SPDX-License-Identifier: Apache-2.0
// A folder with a public model, told from one that train wrote.
#pragma once

#include <akin/clip/folder.hpp>

#include <filesystem>
#include <string>
#include <system_error>

namespace clip_program {

/// errors: run time: a folder of train; as open_clip_folder
inline akin::clip_folder open_public_folder(const std::string& folder) {
  const auto has = [&](const char* name) {
    std::error_code unknown;
    return std::filesystem::exists(folder + "/" + name, unknown);
  };
  if (has("checkpoint.safetensors") && !has("open_clip_model.safetensors") && !has("model.safetensors"))
    akin::fail("'", folder, "' has neither open_clip_model.safetensors nor model.safetensors; it was made by train: classify reads it");
  return akin::open_clip_folder(folder);
}

}  // namespace clip_program

// SPDX-License-Identifier: Apache-2.0
// akin-clip export: a model's weights, configuration and preprocessing as open_clip or transformers load them, and its tokenizer as it is.
#include "existing_files.hpp"
#include "options.hpp"
#include "public_folder.hpp"
#include "say.hpp"
#include "tokenizing.hpp"

#include <akin/clip/read_preprocessing.hpp>
#include <akin/clip/write_config.hpp>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace clip_program {

int export_model(const export_options& o) {
  const auto source = open_public_folder(o.folder);
  const bool theirs = o.format == "transformers";
  const auto names = theirs ? akin::weight_names::transformers : akin::weight_names::open_clip;
  std::optional<akin::preprocessing> how;  // of squares; open_clip takes others by its defaults, transformers not at all
  if (source.architecture.image.height == source.architecture.image.columns)
    how = akin::read_preprocessing(o.folder, source.architecture, akin::names_of(source.weights));
  const std::string config = akin::clip_config_text(source.architecture, names, how);
  const std::optional<akin::dtype> type = o.type.empty() ? std::nullopt : akin::dtype_named(o.type);
  const std::string weights_path = o.out + (theirs ? "/model.safetensors" : "/open_clip_model.safetensors"),
                    config_path = o.out + (theirs ? "/config.json" : "/open_clip_config.json"),
                    processor_path = theirs ? o.out + "/preprocessor_config.json" : "";
  std::vector<std::string> written{weights_path, config_path, processor_path};
  auto tokenizer = tokenizer_files(o.folder);
  if (std::filesystem::exists(o.out) && std::filesystem::equivalent(o.folder, o.out)) tokenizer.clear();  // it is there
  for (const auto& name : tokenizer) written.push_back(o.out + "/" + name);
  refuse_existing(written, o.overwrite);

  const auto tensors = akin::read_clip_tensors(source.weights, source.architecture);
  std::filesystem::create_directories(o.out);
  akin::write_clip_weights(weights_path, source.architecture, tensors.entries, names, type);
  akin::write_file_atomically(config_path, config);
  if (!how) say("the images are no squares: '" + config_path + "' says nothing of their mean and deviation");
  if (theirs) akin::write_file_atomically(processor_path, akin::preprocessor_config_text(*how));
  for (const auto& name : tokenizer) akin::write_file_atomically(o.out + "/" + name, akin::mapped_file{o.folder + "/" + name}.bytes());
  for (const auto& path : written)
    if (!path.empty()) std::printf("%s\n", path.c_str());
  return exit_done;
}

}  // namespace clip_program

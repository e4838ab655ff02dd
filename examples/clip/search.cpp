// SPDX-License-Identifier: Apache-2.0
// akin-clip search: what of an index is nearest to texts and images.
#include "answers.hpp"
#include "existing_files.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "say.hpp"

#include <akin/clip/embedding_index.hpp>
#include <akin/clip/nearest.hpp>
#include <akin/train/html.hpp>
#include <akin/train/report_style.hpp>

#include <cstdio>
#include <set>

namespace clip_program {

namespace {

/// The pictures of a report; an empty box where one is no longer there, or was replaced by something else, which is said.
struct pictures {
  std::set<std::string> unreadable;
  std::string of(const std::string& path) {
    constexpr std::int64_t longest = 256;
    akin::image picture;
    const std::string reason = akin::why_unreadable(path, [&] { picture = akin::read_image(path); });
    if (!reason.empty() && unreadable.insert(path).second) say("not in the report: " + reason);
    return akin::html_image(picture, path, longest);
  }
};

std::string html_answers(const std::string& query, bool is_image, const std::vector<answer>& answers, akin::embedded_kind kind, pictures& shown) {
  std::string html = "<h2>" + akin::escape_html(query) + "</h2>\n";
  if (is_image) html += "<div class=\"answers\"><figure class=\"card\">" + shown.of(query) + "</figure></div>\n";
  html += "<div class=\"answers\">\n";
  for (const auto& each : answers) {
    char score[32];
    std::snprintf(score, sizeof score, "%.4f", each.score);
    html += "<figure class=\"card\">" + (kind == akin::embedded_kind::images ? shown.of(each.name) : "") + "<figcaption><b>" + score + "</b>" + akin::escape_html(each.name) +
            "</figcaption></figure>\n";
  }
  return html + "</div>\n";
}

std::string html_page(const std::string& model, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/><title>Search</title><style>" +
         akin::detail::report_css() + ".picture{image-rendering:auto}</style></head>\n<body><main>\n<header><h1>Search</h1><p class=\"lead\">" +
         akin::escape_html(model) + "; scores are cosines</p></header>\n" + body + "</main></body></html>\n";
}

}  // namespace

int search(const search_options& o) {
  if (o.texts.empty() && o.images.empty()) misuse("search: say what for, with --text or --image");
  if (!o.report.empty()) refuse_existing({o.report}, o.overwrite);
  embedder model{o.model, o.vocabulary, o.threads};
  const auto index = akin::load_index(o.index, model.identity());
  if (index.kind == akin::embedded_kind::images || !o.texts.empty()) akin::check_preparation(o.index, index, model.preparation_of(index.kind));

  std::vector<std::string> queries;
  std::vector<float> rows;
  const auto add = [&](std::span<const std::string> names, std::span<const float> values) {
    queries.insert(queries.end(), names.begin(), names.end());
    rows.insert(rows.end(), values.begin(), values.end());
    return true;
  };
  embed_texts(model, valid_texts(o.texts, "--text"), add);
  const std::size_t texts = queries.size();
  const std::size_t skipped = embed_images(model, o.images, add);

  std::vector<std::vector<answer>> answers(queries.size());
  const auto found = akin::nearest(rows, index.values, index.embed, o.top, model.pool());
  for (std::size_t k = 0; k < queries.size(); ++k)
    for (const auto& each : found[k])
      answers[k].push_back({index.names[static_cast<std::size_t>(each.row)], static_cast<double>(each.score)});
  pictures shown;
  if (!o.report.empty()) {  // first, since who reads standard output may stop early
    std::string html;
    for (std::size_t k = 0; k < queries.size(); ++k) html += html_answers(queries[k], k >= texts, answers[k], index.kind, shown);
    akin::write_file_atomically(o.report, html_page(index.model, html));
  }
  const answer_writer writer{o.format, "query", "name"};
  for (std::size_t k = 0; k < queries.size(); ++k) writer.write(queries[k], answers[k]);
  return skipped + shown.unreadable.size() > 0 ? exit_failed : exit_done;
}

}  // namespace clip_program

// SPDX-License-Identifier: Apache-2.0
// How a report looks: its style sheet, light and dark.
#pragma once

#include <akin/train/heat_map.hpp>

#include <string>
#include <string_view>

namespace akin::inline v0 {

namespace detail {

inline constexpr std::string_view report_rules = R"(
:root{--paper:#f6f7f9;--card:#fff;--ink:#16202b;--soft:#5a6775;--rule:#e2e6ec;--line:#2166ac;--band:#2166ac2b;--right:#1a6fb5;--wrong:#b3480a;--code:#eef1f5}
@media(prefers-color-scheme:dark){:root{--paper:#0f1419;--card:#171d24;--ink:#e6ebf1;--soft:#9aa7b5;--rule:#2a323c;--line:#6db3f2;--band:#6db3f233;--right:#7fbcf5;--wrong:#f5a25d;--code:#10161c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 20px 56px}
h1{font-size:30px;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:20px;line-height:1.3;margin:44px 0 4px}
h3{font-size:15px;line-height:1.4;margin:0;font-weight:600}
p{margin:4px 0 12px;max-width:76ch}
.lead,.explain{color:var(--soft)}
.lead{font-size:17px;margin-top:6px}
.small{font-size:12.5px;color:var(--soft);margin:8px 0 0}
.warning,.wrong{color:var(--wrong)}
.right{color:var(--right)}
.card{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:16px;margin:0}
.numbers,.charts,.answers{display:grid;gap:14px;margin-top:14px}
.numbers{grid-template-columns:repeat(auto-fit,minmax(160px,1fr));margin-top:24px}
.numbers b{display:block;font-size:24px;line-height:1.3;font-weight:650;letter-spacing:-.02em;overflow-wrap:anywhere}
.numbers span{color:var(--soft);font-size:14px}
.charts{grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}
.chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:0 12px;margin-bottom:8px}
.last{color:var(--soft);font-size:13.5px;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}
.line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.band{fill:var(--band)}.mark{fill:var(--line)}
.hit rect{fill:transparent}.hit line,.hit circle{visibility:hidden}
.hit line{stroke:var(--soft);stroke-dasharray:3 3}.hit circle{fill:var(--line);stroke:var(--card);stroke-width:2}
.hit:hover line,.hit:hover circle{visibility:visible}
.picture{display:block;width:44px;height:44px;object-fit:contain;image-rendering:pixelated;border-radius:4px;background:var(--code)}
h2+.card{margin-top:14px}
.scroll{overflow-x:auto;margin-top:14px;padding:0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:7px 12px;unicode-bidi:isolate}
.plain{width:100%;font-size:14.5px}
.plain th{font-weight:600;color:var(--soft);font-size:13px;white-space:nowrap}
.plain td{border-top:1px solid var(--rule);overflow-wrap:anywhere}
.plain .name{min-width:9em}
.plain .number{text-align:right;white-space:nowrap}
.share{display:flex;align-items:center;gap:10px;white-space:nowrap}
.share i{flex:1;min-width:70px;height:8px;border-radius:4px;background:var(--code);overflow:hidden}
.share i b{display:block;height:100%;background:var(--line)}
.share span{min-width:4.2em;text-align:right}
.heat{--head:180px;--cell:46px;table-layout:fixed;border-collapse:separate;border-spacing:2px;font-size:13px;padding:12px;width:100%;min-width:calc(var(--head) + 24px + var(--columns)*var(--cell))}
.heat .corner{width:var(--head)}
.heat th{font-weight:500;padding:4px 8px;line-height:1.25}
.heat thead th{text-align:center;vertical-align:bottom;color:var(--soft);padding:4px 1px;overflow-wrap:anywhere}
.heat tbody th{position:sticky;left:0;background:var(--card);z-index:1;overflow-wrap:anywhere}
.heat thead th.corner{position:sticky;left:0;background:var(--card);z-index:2;text-align:left;font-size:12px;padding:4px 8px}
.heat td{text-align:center;padding:4px 1px;height:36px;border-radius:4px}
.heat td.truth{box-shadow:inset 0 0 0 2.5px var(--wrong)}
.heat td.best{font-weight:700}
.heat .sample .picture{flex:none}
.heat .sample{display:flex;align-items:center;gap:10px}
.upright thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;max-height:12em;overflow:hidden;text-overflow:ellipsis;display:inline-block}
.scale{display:flex;align-items:center;gap:8px;padding:0 20px 14px;font-size:12.5px;color:var(--soft);flex-wrap:wrap;position:sticky;left:0}
.scale .ramp{display:flex;border-radius:3px;overflow:hidden}
.scale .ramp i{width:7px;height:12px}
.scale>span{white-space:nowrap}
.key{display:inline-block;width:16px;height:16px;border-radius:4px;box-shadow:inset 0 0 0 2.5px var(--wrong);margin:0 8px 0 4px;vertical-align:-3px}
.answers{grid-template-columns:repeat(auto-fill,minmax(128px,1fr))}
.answers figure{padding:12px}
.answers .picture{width:100%;height:auto;aspect-ratio:1}
.answers figcaption{font-size:13.5px;line-height:1.4;margin-top:8px;overflow-wrap:anywhere;unicode-bidi:isolate}
.answers figcaption b{display:block;font-weight:600}
.clamp{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere}
.answers figcaption b.clamp{display:-webkit-box}
.answers .truth{color:var(--soft)}
.facts{columns:2 340px;column-gap:32px;margin:0}
.facts div{display:flex;justify-content:space-between;gap:20px;padding:6px 0;border-bottom:1px solid var(--rule);break-inside:avoid;font-size:14.5px}
.facts dt{color:var(--soft)}
.facts dd{margin:0;text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.objective{font-weight:600;margin:0 0 6px}
.card>p:last-child{margin-bottom:0}
pre{background:var(--code);border-radius:8px;padding:12px 14px;margin:4px 0 14px;overflow-x:auto;font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
pre:last-child{margin-bottom:0}
li{margin:4px 0}
footer{margin-top:44px;color:var(--soft);font-size:13px}
@media(max-width:640px){main{padding:24px 12px 40px}h1{font-size:25px}.card{padding:12px}.scroll{padding:0}.numbers{grid-template-columns:1fr 1fr;gap:10px}.numbers b{font-size:22px}svg text{font-size:13.5px}.heat{--head:92px;--cell:38px;font-size:12px;padding:8px}.heat td{height:32px}.heat thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap;max-height:12em;overflow:hidden;text-overflow:ellipsis;display:inline-block}.heat .sample{flex-direction:column;gap:2px;align-items:flex-start}.heat tbody th,.heat thead th.corner{padding:4px 6px 4px 2px}.share i,.plain .spare{display:none}.plain .name{min-width:6.2em}.plain{font-size:13.5px}.plain th.rival{white-space:normal}.heat .picture{width:36px;height:36px}.answers{grid-template-columns:repeat(auto-fill,minmax(100px,1fr));gap:10px}.plain th,.plain td{padding:6px}}
@media print{body{background:#fff}.card{break-inside:avoid}}
)";

/// The whole style sheet. Colours of heat maps come after the rules of tables.
inline std::string report_css() {
  return std::string(report_rules) + heat_rules(heat_on_light) + "\n@media(prefers-color-scheme:dark){" +
         heat_rules(heat_on_dark) + "}\n";
}

}  // namespace detail

}  // namespace akin::inline v0

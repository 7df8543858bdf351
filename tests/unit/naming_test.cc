// Links: tm_source
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "coordinator/net/url.h"
#include "coordinator/source/name_parts.h"
#include "coordinator/source/name_template.h"
#include "proto/size_spec.h"

namespace thumbmill {
namespace {

constexpr ImageFormat kSame = ImageFormat::kUnknown;
constexpr ImageFormat kJpeg = ImageFormat::kJpeg;
constexpr ImageFormat kPng = ImageFormat::kPng;

ImageRef File(std::string_view relative) {
  ImageRef ref;
  ref.origin = Origin::kDirectory;
  ref.uri = ref.path = "/root/" + std::string(relative);
  FillNameParts(&ref, relative);
  return ref;
}

ImageRef UrlRef(std::string_view url) {
  ImageRef ref;
  ref.uri = std::string(url);
  ref.is_url = true;
  FillNameParts(&ref, url);
  return ref;
}

NameTemplate Template(std::string_view text = "") {
  return NameTemplate::Parse(text).value();
}

std::string Named(const ImageRef& ref, ImageFormat written,
                  ImageFormat wanted = kSame, std::string_view text = "") {
  return Template(text).Name(ref, *ParseSize("200x", Fit::kInside), 200, 150,
                             written, wanted);
}

TEST(Naming, KeepsTheTreeOfADirectory) {
  EXPECT_EQ(Named(File("a/b/photo.jpg"), kJpeg), "a/b/photo_200.jpg");
  EXPECT_EQ(Named(File("photo.png"), kPng), "photo_200.png");
}

TEST(Naming, PutsTheHostBeforeAUrlsPath) {
  EXPECT_EQ(Named(UrlRef("http://Ex.org:8080/a/photo.jpg"), kJpeg),
            "ex.org/a/photo_200.jpg");
  EXPECT_EQ(Named(UrlRef("http://ex.org/"), kJpeg), "ex.org/index_200.jpg");
  EXPECT_EQ(Named(UrlRef("http://ex.org/a/"), kJpeg), "ex.org/a/index_200.jpg");
}

TEST(Naming, TellsQueriesApartByAHash) {
  const std::string one = Named(UrlRef("http://ex.org/i.jpg?id=1"), kJpeg);
  const std::string two = Named(UrlRef("http://ex.org/i.jpg?id=2"), kJpeg);
  EXPECT_NE(one, two);
  EXPECT_EQ(one.size(), std::string("ex.org/i-01234567_200.jpg").size());
  EXPECT_TRUE(one.starts_with("ex.org/i-"));
  EXPECT_TRUE(one.ends_with("_200.jpg"));
}

TEST(Naming, HashesNeitherUserinfoNorSignature) {
  EXPECT_EQ(Named(UrlRef("http://u:p@ex.org/i.jpg?id=1"), kJpeg),
            Named(UrlRef("http://ex.org/i.jpg?id=1"), kJpeg));
  EXPECT_EQ(
      Named(UrlRef("http://ex.org/i.jpg?id=1&X-Amz-Signature=aa"), kJpeg),
      Named(UrlRef("http://ex.org/i.jpg?id=1&X-Amz-Signature=bb"), kJpeg));
}

TEST(Naming, KeepsTheSpellingOfAnExtensionThatNamesTheFormat) {
  EXPECT_EQ(Named(File("a.JPG"), kJpeg), "a_200.JPG");
  EXPECT_EQ(Named(File("a.jpeg"), kJpeg), "a_200.jpeg");
  EXPECT_EQ(Named(File("a.Png"), kPng), "a_200.Png");
}

TEST(Naming, ShowsAnExtensionThatTheBytesContradict) {
  EXPECT_EQ(Named(File("a.png"), kJpeg), "a.png_200.jpg");
  EXPECT_EQ(Named(File("a.gif"), kPng), "a.gif_200.png");
}

// Formats that we cannot write become a JPEG, or a PNG if the picture has
// alpha.
TEST(Naming, SaysWhatBecameOfAGifOrAvif) {
  for (const std::string name : {"a.gif", "a.avif"}) {
    EXPECT_EQ(Named(File(name), kJpeg), name + "_200.jpg");
    EXPECT_EQ(Named(File(name), kPng), name + "_200.png");
    EXPECT_EQ(Named(File(name), kJpeg, kJpeg), "a_200.jpg");
  }
}

TEST(Naming, GivesTheDefaultExtensionToWhatHasNone) {
  EXPECT_EQ(Named(File("photo"), kJpeg), "photo_200.jpg");
  EXPECT_EQ(Named(File("photo"), kPng), "photo_200.png");
}

TEST(Naming, GivesTheDefaultExtensionOfAFormatThatWasAskedFor) {
  EXPECT_EQ(Named(File("a.jpeg"), kJpeg, kJpeg), "a_200.jpg");
  EXPECT_EQ(Named(File("a.jpg"), kPng, kPng), "a_200.png");
}

TEST(Naming, FillsATemplate) {
  ImageRef ref = UrlRef("http://ex.org/d/a.JPG");
  ref.index = 12345;
  EXPECT_EQ(Named(ref, kJpeg, kJpeg,
                  "{part}/{index}-{host}-{dir}-{stem}.{srcext}.{w}x{h}.{ext}"),
            "00001/12345-ex.org-d-a.JPG.200x150.jpg");
}

TEST(Naming, RefusesTemplatesThatDoNotParse) {
  for (const char* text : {"{stm}", "{", "}", "a{stem", "a}b", "{}", "{{}}"}) {
    const auto parsed = NameTemplate::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  }
}

TEST(Naming, KnowsWhetherSizesAndPositionsAreInTheName) {
  EXPECT_TRUE(Template().TellsSizesApart());
  EXPECT_TRUE(Template("{stem}_{w}.{ext}").TellsSizesApart());
  EXPECT_FALSE(Template("{stem}.{ext}").TellsSizesApart());
  EXPECT_TRUE(Template("{index}.{ext}").HoldsPosition());
  EXPECT_FALSE(Template("{stem}.{ext}").HoldsPosition());
}

TEST(SafeNames, NeverLeaveTheTarget) {
  EXPECT_EQ(Named(UrlRef("http://ex.org/../../etc/a.jpg"), kJpeg),
            "ex.org/%2e%2e/%2e%2e/etc/a_200.jpg");
  EXPECT_EQ(Named(UrlRef("http://ex.org/%2e%2e/a.jpg"), kJpeg),
            "ex.org/%2e%2e/a_200.jpg");
  EXPECT_EQ(Named(UrlRef("http://ex.org/..%2f..%2fa.jpg"), kJpeg),
            "ex.org/..%2f..%2fa_200.jpg");
  EXPECT_EQ(Named(File("a.jpg"), kJpeg, kSame, "/../{stem}.{ext}"),
            "%2e%2e/a.jpg");
  EXPECT_EQ(Named(File("../up/a.jpg"), kJpeg), "%2e%2e/up/a_200.jpg");
  EXPECT_EQ(Named(File("/abs/a.jpg"), kJpeg), "abs/a_200.jpg");
}

TEST(SafeNames, EscapeControlCharactersAndBackslashes) {
  EXPECT_EQ(Named(UrlRef("http://ex.org/a%00b%0a%5c.jpg"), kJpeg),
            "ex.org/a%00b%0a%5c_200.jpg");
  EXPECT_EQ(Named(File("a\nb.jpg"), kJpeg), "a%0ab_200.jpg");
}

TEST(SafeNames, KeepApartWhatWasEscapedAndWhatWasWrittenSo) {
  const std::set<std::string> names = {
      Named(File("a\\b.jpg"), kJpeg), Named(File("a%5cb.jpg"), kJpeg),
      Named(File("a%255cb.jpg"), kJpeg), Named(File("a%25255cb.jpg"), kJpeg)};
  EXPECT_EQ(names.size(), 4u);
  EXPECT_EQ(Named(File("100%.jpg"), kJpeg), "100%_200.jpg");
  EXPECT_EQ(Named(File("50%20off.jpg"), kJpeg), "50%20off_200.jpg");
}

TEST(SafeNames, AreNeverEmpty) {
  EXPECT_EQ(Named(File("a.jpg"), kJpeg, kSame, "{dir}/"), "unnamed");
}

TEST(SafeNames, DoNotTouchTheStateFolder) {
  EXPECT_EQ(Named(File(".thumbmill/tmp/a.jpg"), kJpeg),
            "%2ethumbmill/tmp/a_200.jpg");
}

TEST(SafeNames, CutLongPartsAndKeepThemApart) {
  const std::string stem(400, 'x');
  const std::string one = Named(File(stem + "1.jpg"), kJpeg);
  const std::string two = Named(File(stem + "2.jpg"), kJpeg);
  EXPECT_LE(one.size(), 255u);
  EXPECT_TRUE(one.ends_with("_200.jpg"));
  EXPECT_NE(one, two);
  // The names must differ even if only the part that is cut out differs.
  EXPECT_NE(Named(File(std::string(200, 'x') + "a" + stem + ".jpg"), kJpeg),
            Named(File(std::string(200, 'x') + "b" + stem + ".jpg"), kJpeg));
}

TEST(SafeNames, DoNotCutWithinACharacter) {
  std::string stem;
  for (int i = 0; i < 150; ++i) stem += "\xc3\xa4";
  const std::string uneven = "x" + stem;
  for (const std::string& text : {stem, uneven}) {
    const std::string name = Named(File(text + ".jpg"), kJpeg);
    EXPECT_LE(name.size(), 255u);
    // ListableUri() leaves valid UTF-8 alone.
    EXPECT_EQ(ListableUri(name), name);
  }
}

TEST(SafeNames, KeepBytesThatAreNotUtf8) {
  EXPECT_EQ(Named(File("\xff\xfe.jpg"), kJpeg), "\xff\xfe_200.jpg");
}

TEST(Claims, LeaveSizesOpen) {
  EXPECT_EQ(Template().Claim(File("d/a.jpg"), kSame), "d/a_{size}.jpg");
  EXPECT_EQ(Template("{stem}-{w}-{h}.{ext}").Claim(File("a.jpg"), kPng),
            "a-{w}-{h}.png");
}

TEST(Claims, AreEqualForTwoSourcesOfOneName) {
  EXPECT_EQ(Template().Claim(File("a.jpg"), kJpeg),
            Template().Claim(File("a.png"), kJpeg));
  EXPECT_NE(Template().Claim(File("a.jpg"), kSame),
            Template().Claim(File("a.png"), kSame));
}

TEST(Claims, OfAFileThatIsNoPictureDoNotTakeAPicturesName) {
  const std::string picture = Template().Claim(File("a.jpg"), kSame);
  for (const char* other : {"a.html", "a.json", "a.gif", "a.webp", "a.txt"})
    EXPECT_NE(Template().Claim(File(other), kSame), picture) << other;
  EXPECT_NE(Template().Claim(File("a.html"), kPng),
            Template().Claim(File("a.jpg"), kPng));
}

TEST(Claims, AreMadeAgainWhenTheBytesContradictTheName) {
  const NameTemplate name = Template();
  EXPECT_FALSE(name.NeedsSecondClaim(File("a.jpg"), kJpeg, kSame));
  EXPECT_FALSE(name.NeedsSecondClaim(File("a"), kJpeg, kSame));
  EXPECT_FALSE(name.NeedsSecondClaim(File("a.gif"), kJpeg, kSame));
  EXPECT_TRUE(name.NeedsSecondClaim(File("a.gif"), kPng, kSame));
  EXPECT_TRUE(name.NeedsSecondClaim(File("a.png"), kJpeg, kSame));
  EXPECT_TRUE(name.NeedsSecondClaim(File("a"), kPng, kSame));
  EXPECT_TRUE(name.NeedsSecondClaim(File("a.html"), kJpeg, kJpeg));
  EXPECT_TRUE(
      Template("{stem}.{ext}").NeedsSecondClaim(File("a.jpg"), kJpeg, kSame));
}

TEST(Claims, MeetTheSourceWhoseNameTheyTake) {
  // "logo" holds a PNG, so its thumbnail has the name of that of "logo.png".
  EXPECT_EQ(Template().ClaimWritten(File("logo"), kPng, kSame),
            Template().Claim(File("logo.png"), kSame));
  EXPECT_EQ(Template().ClaimWritten(File("x.png"), kJpeg, kSame),
            Template().Claim(File("x.png.jpg"), kSame));
}

TEST(NameParts, AnExtensionIsShortAndPlain) {
  EXPECT_EQ(File("a.b.jpg").stem, "a.b");
  EXPECT_EQ(File("a.b.jpg").srcext, "jpg");
  EXPECT_EQ(File(".hidden").srcext, "");
  EXPECT_EQ(File("a.").srcext, "");
  EXPECT_EQ(File("Mr. Smith").srcext, "");
  EXPECT_EQ(File("a.toolong").srcext, "");
}

TEST(NameParts, OfAPathHaveNoDots) {
  EXPECT_EQ(File("./a//b/./c.jpg").dir, "a/b");
  EXPECT_EQ(File("./c.jpg").dir, "");
}

TEST(SourceKeys, OfUrlsAreCanonical) {
  EXPECT_EQ(SourceKey(UrlRef("http://u:p@EX.org/a.jpg")),
            SourceKey(UrlRef("http://ex.org/a.jpg")));
  EXPECT_NE(SourceKey(UrlRef("http://ex.org/a.jpg?v=1")),
            SourceKey(UrlRef("http://ex.org/a.jpg?v=2")));
}

TEST(AbsolutePaths, AreOneForAllSpellings) {
  const std::string here = AbsolutePath(".");
  EXPECT_TRUE(here.starts_with('/'));
  EXPECT_EQ(AbsolutePath("a/b.jpg"), here + "/a/b.jpg");
  EXPECT_EQ(AbsolutePath("./a//./b.jpg"), here + "/a/b.jpg");
  EXPECT_EQ(AbsolutePath(here + "/a/b.jpg"), here + "/a/b.jpg");
  EXPECT_EQ(AbsolutePath("/"), "/");
  EXPECT_EQ(AbsolutePath("/a/../b"), "/a/../b");
}

TEST(ListableUris, AreVerbatimWherePossible) {
  for (const char* uri :
       {"http://u:p@ex.org/a b", "/a/b c.jpg", "a.jpg", "/\xc3\xa4.jpg", ""})
    EXPECT_EQ(ListableUri(uri), uri);
}

TEST(ListableUris, EscapeWhatAListCannotHold) {
  EXPECT_EQ(ListableUri("/a\xff.jpg"), "file:///a%FF.jpg");
  EXPECT_EQ(ListableUri("/a\nb.jpg"), "file:///a%0Ab.jpg");
  EXPECT_EQ(ListableUri("/\xe0\x80\x80"), "file:///%E0%80%80");
  EXPECT_EQ(ListableUri("/\xed\xa0\x80"), "file:///%ED%A0%80");
  EXPECT_EQ(ListableUri("#1.jpg"),
            "file://" + PercentEncode(AbsolutePath("."), true) + "/%231.jpg");
}

TEST(RecordParts, SurviveJson) {
  EXPECT_EQ(RecordPart("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  for (const char* part :
       {"plain", "", "a%20b", "\xff\xfe/x", "percent-encoded:x"})
    EXPECT_EQ(PartFromRecord(RecordPart(part)), part);
}

}  // namespace
}  // namespace thumbmill

// Links: tm_net
#include "coordinator/net/url.h"

#include <gtest/gtest.h>

#include <string>

namespace thumbmill {
namespace {

TEST(ParseUrl, TakesAUrlApart) {
  const auto url = ParseUrl("HTTPS://me:pw@Img.Example:8443/a/B.jpg?x=1#top");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->userinfo, "me:pw");
  EXPECT_EQ(url->host, "img.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/B.jpg");
  EXPECT_EQ(url->query, "x=1");
}

TEST(ParseUrl, FillsInTheRootPath) {
  EXPECT_EQ(ParseUrl("http://h")->path, "/");
  EXPECT_EQ(ParseUrl("http://h?q")->path, "/");
  EXPECT_EQ(ParseUrl("http://h?q")->query, "q");
  EXPECT_EQ(ParseUrl("http://h#f")->path, "/");
}

TEST(ParseUrl, TakesIpv6WithoutItsBrackets) {
  const auto url = ParseUrl("http://[2001:DB8::1]:81/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->port, 81);
  EXPECT_TRUE(ParseUrl("http://[::ffff:127.0.0.1]/"));
}

TEST(ParseUrl, AcceptsWhatListsHold) {
  for (const char* text :
       {"http://h/%zz", "http://h/100%", "http://h/a|b", "http://h/\"a\"",
        "http://h/\xc3\xbc.jpg", "http://h/\xfc.jpg", "http://a_b.h/",
        "http://h./", "http://h:/", "http://1.2.3.4/", "http://0x7f.1/",
        "http://b\xc3\xbc"
        "cher.example/",
        "http://h//a//b", "http://h/a?b?c", "http://h/a@b",
        "http://h/?u=http://x@y/"})
    EXPECT_TRUE(ParseUrl(text)) << text;
}

TEST(ParseUrl, RefusesWhatIsNoHttpUrl) {
  for (const char* text : {"",
                           "h",
                           "/a/b.jpg",
                           "http:",
                           "http:/h",
                           "http://",
                           "http:///a",
                           "http://:80/",
                           "http://@/",
                           "file:///etc/passwd",
                           "ftp://h/",
                           "s3://b/k",
                           "javascript://h/",
                           " http://h/",
                           "http://h b/",
                           "http://u s@h/",
                           "http://h:80 /",
                           "http://h/a\tb",
                           "http://h/\x01",
                           "http://h/\x7f",
                           "http://h\n/",
                           "http://h:0/",
                           "http://h:65536/",
                           "http://h:8a/",
                           "http://h:-1/",
                           "http://h:99999999999999999999/",
                           "http://[::1/",
                           "http://[::1]x/",
                           "http://[x]/",
                           "http://[]/",
                           "http://[fe80::1%25lo]/",
                           "http://a..b/",
                           "http://.a/",
                           "http://./",
                           "http://a\\b/",
                           "http://good.example\\@evil.example/",
                           "http://a%2eb/",
                           "http://a,b/",
                           "http://u@p@h/",
                           "http://h[1]/"})
    EXPECT_FALSE(ParseUrl(text)) << text;
  EXPECT_FALSE(ParseUrl(std::string_view("http://h/\0x", 11)));
}

TEST(ParseUrl, RefusesNamesLongerThanDnsAllows) {
  const std::string label(63, 'a');
  EXPECT_TRUE(ParseUrl("http://" + label + ".example/"));
  EXPECT_FALSE(ParseUrl("http://" + label + "a.example/"));
  const std::string name = label + '.' + label + '.' + label + '.' + label;
  EXPECT_FALSE(ParseUrl("http://" + name + "/"));
}

// 67 bytes of UTF-8, but 31 bytes in the ASCII form.
TEST(ParseUrl, LeavesTheLengthOfInternationalNamesToCurl) {
  std::string label;
  for (int i = 0; i < 22; ++i) label += "\xe6\x97\xa5";
  EXPECT_TRUE(ParseUrl("http://" + label + "a.example/"));
  const std::string name = label + '.' + label + '.' + label + '.' + label;
  EXPECT_TRUE(ParseUrl("http://" + name + "/"));
  EXPECT_FALSE(ParseUrl("http://" + label + "..example/"));
}

TEST(LooksLikeUrl, NeedsASchemeAndTwoSlashes) {
  EXPECT_TRUE(LooksLikeUrl("http://h/"));
  EXPECT_TRUE(LooksLikeUrl("s3://b/k"));
  EXPECT_TRUE(LooksLikeUrl("x-y+z.1://"));
  for (const char* text : {"", "://h", "1a://h", "http:/h", "a b://h",
                           "dir/x://h", "C:\\x", "./a"})
    EXPECT_FALSE(LooksLikeUrl(text)) << text;
}

TEST(WireUrl, EscapesSpacesAndCanonicalUrlSoFindsThemEqual) {
  const auto url = ParseUrl("http://h/a b%20c.jpg?t=two words#x y");
  ASSERT_TRUE(url);
  EXPECT_EQ(WireUrl(*url), "http://h/a%20b%20c.jpg?t=two%20words");
  EXPECT_EQ(CanonicalUrl("http://h/a b?c d"),
            CanonicalUrl("http://h/a%20b?c%20d"));
}

TEST(WireUrl, EscapesWhatBrowsersEscapeAndKeepsWhatIsEscaped) {
  EXPECT_EQ(WireUrl(*ParseUrl("http://h/\"<>`{}|\\^é%C3%A9%zz%")),
            "http://h/%22%3C%3E%60%7B%7D%7C%5C%5E%C3%A9%C3%A9%zz%");
  EXPECT_EQ(WireUrl(*ParseUrl("http://h/?q=\"é%41%")),
            "http://h/?q=%22%C3%A9%41%");
}

TEST(RedactUrl, HidesWithinATextThatIsNoUrl) {
  EXPECT_EQ(RedactUrl("a,http://me:pw@h/a?sig=1 b,\"s3://k:s@b/\""),
            "a,http://h/a?sig=REDACTED b,\"s3://b/\"");
  EXPECT_EQ(RedactUrl("{\"url\": \"ftp://u:p@h/?token=x\"}"),
            "{\"url\": \"ftp://h/?token=REDACTED\"}");
  EXPECT_EQ(RedactUrl("http://h/http://u:p@i/?a=http://u:p@j/"),
            "http://h/http://i/?a=http://j/");
}

TEST(RedactUrl, HidesUserinfo) {
  EXPECT_EQ(RedactUrl("http://me:pw@h/a"), "http://h/a");
  EXPECT_EQ(RedactUrl("http://me:p@w@h/a@b"), "http://h/a@b");
  EXPECT_EQ(RedactUrl("s3://key:secret@bucket/k"), "s3://bucket/k");
}

TEST(RedactUrl, HidesValuesOfSignatures) {
  EXPECT_EQ(RedactUrl("https://b/k?X-Amz-Signature=abc&v=1&x-amz-date=2"),
            "https://b/k?X-Amz-Signature=REDACTED&v=1&x-amz-date=REDACTED");
  EXPECT_EQ(RedactUrl("https://b/k?a=1&Signature=s&Expires=9&Key-Pair-Id=K"),
            "https://b/k?a=1&Signature=REDACTED&Expires=REDACTED"
            "&Key-Pair-Id=REDACTED");
  EXPECT_EQ(RedactUrl("https://b/k?sv=1&sp=r&sig=x%3D"),
            "https://b/k?sv=REDACTED&sp=REDACTED&sig=REDACTED");
  EXPECT_EQ(RedactUrl("https://h/?access_token=t&api_key=k&password=p"),
            "https://h/?access_token=REDACTED&api_key=REDACTED"
            "&password=REDACTED");
}

TEST(RedactUrl, SeesEscapedNamesAndFragments) {
  EXPECT_EQ(RedactUrl("http://h/?to%6ben=x"), "http://h/?to%6ben=REDACTED");
  EXPECT_EQ(RedactUrl("http://h/#access_token=x"),
            "http://h/#access_token=REDACTED");
}

TEST(RedactUrl, HidesAlsoInWhatDoesNotParse) {
  EXPECT_EQ(RedactUrl("http://me:pw@bad host/?token=x&y z"),
            "http://bad host/?token=REDACTED&y z");
}

TEST(RedactUrl, LeavesTheRestAsItIs) {
  for (const char* text : {"http://h/a?b=1&&c&d=", "http://h/?&", "http://h",
                           "/path/a?token=b", "http://h/a#f", "http://h/?"})
    EXPECT_EQ(RedactUrl(text), text);
}

TEST(CanonicalUrl, IsTheSameForAnotherSpelling) {
  EXPECT_EQ(CanonicalUrl("HTTP://H:80#x"), "http://h/");
  EXPECT_EQ(CanonicalUrl("https://u:p@H:443/a?b=1"), "https://h/a?b=1");
  EXPECT_EQ(CanonicalUrl("http://[::1]:080/"), "http://[::1]/");
}

TEST(CanonicalUrl, KeepsWhatTellsImagesApart) {
  EXPECT_EQ(CanonicalUrl("http://h:81/A?b=2&a=1&a=%20"),
            "http://h:81/A?b=2&a=1&a=%20");
  EXPECT_NE(CanonicalUrl("http://h/a"), CanonicalUrl("https://h/a"));
}

TEST(CanonicalUrl, DropsSignatures) {
  EXPECT_EQ(CanonicalUrl("https://b/k?X-Amz-Algorithm=a&v=1"
                         "&X-Amz-Security-Token=t&X-Amz-Signature=s"),
            "https://b/k?v=1");
  EXPECT_EQ(CanonicalUrl("https://b/k?GoogleAccessId=g&Expires=1&Signature=s"),
            "https://b/k");
  EXPECT_EQ(CanonicalUrl("https://b/k?X-Goog-Signature=s&x=2"),
            "https://b/k?x=2");
  EXPECT_EQ(CanonicalUrl("https://c/k?Policy=p&Signature=s&Key-Pair-Id=i"),
            "https://c/k");
  EXPECT_EQ(CanonicalUrl("https://z/k?sv=1&st=2&se=3&sr=b&sp=r&sig=4&v=5"),
            "https://z/k?v=5");
  EXPECT_EQ(CanonicalUrl("https://h/k?w=5&token=t"), "https://h/k?w=5");
}

TEST(CanonicalUrl, KeepsShortWordsWhereNothingIsSigned) {
  EXPECT_EQ(CanonicalUrl("http://h/?sp=2&st=3&policy=4&expires=5"),
            "http://h/?sp=2&st=3&policy=4&expires=5");
  EXPECT_NE(CanonicalUrl("http://h/?sv=1&page=1"),
            CanonicalUrl("http://h/?sv=2&page=1"));
}

TEST(CanonicalUrl, ReturnsWhatIsNoUrl) {
  EXPECT_EQ(CanonicalUrl("a b"), "a b");
  EXPECT_EQ(CanonicalUrl("s3://u@b/k"), "s3://u@b/k");
}

TEST(WireUrl, EscapesWhatNoUrlMayHold) {
  EXPECT_EQ(WireUrl(*ParseUrl("http://u:p@H/\xc3\xbc|\"{}?q=\xff<>#f")),
            "http://h/%C3%BC%7C%22%7B%7D?q=%FF%3C%3E");
}

TEST(WireUrl, LeavesEscapesAlone) {
  EXPECT_EQ(WireUrl(*ParseUrl("http://h:8080/%2F%zz%?a=%20")),
            "http://h:8080/%2F%zz%?a=%20");
}

TEST(PercentCoding, DecodesOnlyWholeEscapes) {
  EXPECT_EQ(PercentDecode("%41%zz%4"), "A%zz%4");
  EXPECT_EQ(PercentDecode("%e2%82%AC"), "\xe2\x82\xac");
  EXPECT_EQ(PercentDecode("a%"), "a%");
}

TEST(PercentCoding, EncodesEverythingButUnreserved) {
  EXPECT_EQ(PercentEncode("a/b c+%\xc3", true), "a/b%20c%2B%25%C3");
  EXPECT_EQ(PercentEncode("a/b~", false), "a%2Fb~");
}

TEST(PercentCoding, DecodesWhatItEncodes) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncode(all, false)), all);
  EXPECT_EQ(PercentDecode(PercentEncode(all, true)), all);
}

}  // namespace
}  // namespace thumbmill

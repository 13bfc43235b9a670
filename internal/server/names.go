package server

import (
	"slices"
	"strings"
)

// synonyms are names for the same thing, as keys. A property is looked for
// under its own name first, then under the others of its group in order.
var synonyms = [][]string{
	{"name", "title", "headline", "productname", "producttitle", "itemname", "booktitle", "fullname", "label"},
	{"price", "saleprice", "currentprice", "unitprice", "priceamount", "productprice", "amount", "cost", "lowprice", "ourprice"},
	{"pricecurrency", "currency", "currencycode"},
	{"description", "summary", "abstract", "shortdescription", "productdescription"},
	{"sku", "productid", "itemnumber", "itemno", "articlenumber", "articleno", "productcode", "itemcode", "partnumber", "mpn", "identifier", "id"},
	{"isbn", "isbn13", "isbn10"},
	{"gtin", "gtin13", "gtin12", "gtin14", "gtin8", "ean", "upc", "barcode"},
	{"brand", "brandname", "manufacturer", "maker"},
	{"author", "authors", "writer", "writtenby", "creator", "byline"},
	{"availability", "instock", "stock", "available", "stockstatus", "isavailable", "availabilitystatus"},
	{"inventorylevel", "quantity", "stockquantity", "stocklevel", "unitsinstock", "instockquantity"},
	{"ratingvalue", "rating", "averagerating", "stars", "score", "customerrating"},
	{"reviewcount", "ratingcount", "numberofreviews", "numreviews", "reviewscount", "reviews"},
	{"reviewbody", "reviewtext", "comment", "body"},
	{"image", "imageurl", "picture", "photo", "thumbnail", "thumbnailurl", "imagelink"},
	{"url", "link", "href", "producturl", "pageurl", "productlink", "canonicalurl", "permalink"},
	{"category", "productcategory", "section", "department", "articlesection"},
	{"telephone", "phone", "phonenumber", "tel"},
	{"email", "emailaddress", "mail"},
	{"address", "postaladdress", "location"},
	{"streetaddress", "street"},
	{"addresslocality", "city", "locality", "town"},
	{"addressregion", "region", "state"},
	{"postalcode", "zip", "zipcode", "postcode"},
	{"addresscountry", "country"},
	{"openinghours", "hours", "businesshours"},
	{"datepublished", "publicationdate", "published", "publishdate", "releasedate", "publishedat", "publishedtime", "publishedon", "date"},
	{"datemodified", "modified", "updated", "modifiedtime", "lastupdated", "updatedat"},
	{"numberofpages", "pages", "pagecount"},
	{"numberofitems", "itemcount", "count", "total"},
	{"publisher", "publishinghouse", "imprint"},
	{"inlanguage", "language", "lang"},
	{"itemcondition", "condition"},
	{"color", "colour"},
	{"position", "rank"},
}

// Groups that call for a treatment of their own.
var (
	currencyNames = synonymsOf("currency")
	priceNames    = synonymsOf("price")
	urlNames      = synonymsOf("url")
	imageNames    = synonymsOf("image")
)

// linkName reports whether a property of this name holds an address.
func linkName(k string) bool { return slices.Contains(urlNames, k) || slices.Contains(imageNames, k) }

// synonymsOf is the group of a key, itself included; nil for none.
func synonymsOf(k string) []string {
	for _, group := range synonyms {
		if slices.Contains(group, k) {
			return group
		}
	}
	return nil
}

// spellings are a key and its singular or plural forms.
func spellings(k string) []string {
	all := []string{k}
	switch {
	case strings.HasSuffix(k, "ies"):
		all = append(all, k[:len(k)-3]+"y")
	case strings.HasSuffix(k, "y"):
		all = append(all, k[:len(k)-1]+"ies")
	}
	if strings.HasSuffix(k, "es") {
		all = append(all, k[:len(k)-2])
	}
	if s, ok := strings.CutSuffix(k, "s"); ok {
		all = append(all, s)
	} else {
		all = append(all, k+"s", k+"es")
	}
	return all
}

// through are properties whose item is read as a part of what has it: the
// price of a product is that of its offer.
var through = []string{"offers", "pricespecification", "aggregaterating", "address", "contactpoint"}

const maxThrough = 3

// A match is one property of a thing with all its values.
type match struct {
	values []value
	own    bool // found under the name asked for, not under a synonym
}

// found are the properties of a thing that answer to a name, the best first.
func found(t *thing, name string) []match {
	k := key(name)
	var all []match
	seen := map[string]bool{}
	try := func(path string, t *thing, keys []string, own bool) {
		for _, k := range keys {
			if vs := t.props[k]; len(vs) > 0 && !seen[path+k] {
				seen[path+k] = true
				all = append(all, match{vs, own})
			}
		}
	}
	own := spellings(k)
	for _, kind := range append(slices.Clone(t.kinds), "product", "item") {
		if bare, ok := strings.CutPrefix(k, kind); ok && bare != "" {
			own = append(own, bare)
		}
	}
	group := synonymsOf(k)
	if group == nil && len(own) > 1 {
		for _, k := range own[1:] {
			group = append(group, synonymsOf(k)...)
		}
	}
	for i, keys := range [][]string{own, group} {
		try("", t, keys, i == 0)
		inside(t, "", maxThrough, func(path string, part *thing) { try(path, part, keys, i == 0) })
	}
	return all
}

// inside visits the items that are read as a part of t.
func inside(t *thing, path string, left int, visit func(string, *thing)) {
	if left == 0 {
		return
	}
	for _, k := range through {
		for i, v := range t.props[k] {
			if v.item != nil && i == 0 {
				visit(path+k+"/", v.item)
				inside(v.item, path+k+"/", left-1, visit)
			}
		}
	}
}

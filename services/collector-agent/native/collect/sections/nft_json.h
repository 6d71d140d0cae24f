/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_NFT_JSON_H
#define NV_NFT_JSON_H
#include "../buffer.h"
#include "../netlink.h"

/* What an attribute of nf_tables holds; numbers are big endian. */
enum nft_form {
    FORM_U8,
    FORM_U16,
    FORM_U32,
    FORM_S32,
    FORM_U64,
    FORM_TEXT,
    FORM_HEX,
    FORM_DATA, /* NFTA_DATA_*: bytes as hex, or a verdict as {"code", "chain"} */
    FORM_EXPRESSION,
    FORM_EXPRESSIONS,
    FORM_COMMENT, /* user data of nft: the comment, if there is one */
    FORM_DEVICES,
    FORM_NESTED,
    FORM_LIST, /* of nested attributes, each as an object */
    FORM_NOTHING,
};
struct nft_attribute {
    uint16_t type;
    const char *name;
    enum nft_form form;
    const struct nft_attribute *inner; /* of FORM_NESTED and FORM_LIST */
};

/* Appends `"name":value` pairs in the kernel's order; `table` ends with a NULL name. One that is not in it is kept as
 * "attribute 23": "hex", for a parser to see that there is more than it knows. */
void nft_json(struct buf *out, const struct nlattr *first, size_t len, const struct nft_attribute *table);
/* The object of NFTA_OBJ_DATA by its type. */
void nft_json_object(struct buf *out, const struct nlattr *data, uint32_t type);
#endif

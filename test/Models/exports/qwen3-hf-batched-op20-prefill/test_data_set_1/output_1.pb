
Bpast_key_values.layers.0.keysJPÅÅW¿á‘ÀNT¿G?‹¿ä~ß¾!ì>Çå7¿‘Fà>‡?ÆH¿Á+>GÜ˜¿Öfd¾ûõ>x:Ý¿!}ˆ>…?¿oë¾’¼¿
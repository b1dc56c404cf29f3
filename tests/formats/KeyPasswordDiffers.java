// Made `key-password-differs.p12` from a store of openssl: a PKCS12 store whose key has another password than the store
// has (`another`, `changeit`). Neither keytool nor openssl writes one unasked.
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;

class KeyPasswordDiffers {
    public static void main(String[] paths) throws Exception {
        System.setProperty("keystore.pkcs12.macIterationCount", "1");
        System.setProperty("keystore.pkcs12.keyPbeIterationCount", "1");
        System.setProperty("keystore.pkcs12.certPbeIterationCount", "1");
        char[] password = "changeit".toCharArray();
        KeyStore from = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(paths[0])) {
            from.load(in, password);
        }
        KeyStore to = KeyStore.getInstance("PKCS12");
        to.load(null, null);
        String alias = from.aliases().nextElement();
        to.setKeyEntry(alias, from.getKey(alias, password), "another".toCharArray(), from.getCertificateChain(alias));
        try (FileOutputStream out = new FileOutputStream(paths[1])) {
            to.store(out, password);
        }
    }
}
